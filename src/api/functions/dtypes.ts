/** Questions about dtypes. */
import { DTypeError } from "../../errors.js";
import { type DType, promoteAll } from "../../ir/dtype.js";
import { checkDType } from "../../ops/index.js";
import { LazyArray } from "../array.js";

/**
 * The dtype in which arrays and dtypes meet, in whatever order they are given.
 *
 * @example resultType("int8", "uint16", "float32"); // "float32"
 */
export function resultType(...arraysAndDTypes: readonly (LazyArray | DType)[]): DType {
  if (arraysAndDTypes.length === 0) {
    throw new DTypeError("resultType: at least one array or dtype is needed");
  }
  return promoteAll(
    ...arraysAndDTypes.map((v) => (v instanceof LazyArray ? v.dtype : checkDType("resultType", v))),
  );
}
