/** Opens described stores. A new kind of store is a line here. */
import type { StoreDescription } from "./described.js";
import { directoryStore } from "./directory.js";
import { openHttp } from "./http.js";
import { openS3 } from "./s3.js";
import type { Store } from "./store.js";

export function openStore(description: StoreDescription): Store {
  switch (description.type) {
    case "directory":
      return directoryStore(description.root);
    case "http":
      return openHttp(description);
    case "s3":
      return openS3(description);
  }
}
