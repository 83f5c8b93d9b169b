/**
 * What users are told, word for word: the expression, the class and the message. `x` is a float64 array of shape
 * [10, 6] in blocks of [4, 6], `double` a block function. Rows are data: add one per mistake worth an answer.
 */
export type Row = readonly [expression: string, name: string, message: string];
