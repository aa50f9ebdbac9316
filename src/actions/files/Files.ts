import type { FileStore } from '../../adapters/FileStore.js';
import type { inspectFile } from '../../adapters/inspectFile.js';

/** What the actions that move bytes need besides the world. */
export interface Files {
  store: FileStore;
  inspect: typeof inspectFile;
}

/** The key of the small picture of a file, whose own key is its attachment's id. */
export const thumbnailKey = (attachmentId: string) => `${attachmentId}.thumbnail`;
