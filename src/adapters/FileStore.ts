/** Where files are kept, by a key of ours: never by a name that a client chose. */
export interface FileStore {
  /** Keeps exactly these bytes, or nothing of them when the source fails half-way. */
  put(key: string, body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, byteSize: number): Promise<void>;
  /** null: there is none */
  size(key: string): Promise<number | null>;
  /** Nothing happens when there is none. */
  delete(key: string): Promise<void>;
  /** Hands over the file on a local disk, for as long as `work` takes. */
  asFile<T>(key: string, work: (path: string) => Promise<T>): Promise<T>;
  /** Removes what writes that were cut off before this moment have left. */
  sweep(before: Date): Promise<void>;
  /** How clients put and get bytes without passing through Parley; null: they do pass. */
  readonly direct: DirectAccess | null;
}

export interface DirectAccess {
  /** Where exactly so many bytes can be put until then, apart from what `put` keeps. */
  uploadUrl(key: string, byteSize: number, seconds: number): Promise<string>;
  /** Takes what was put there as the file; later uploads to that URL change nothing. Its size, or null: nothing came. */
  take(key: string): Promise<number | null>;
  /** Where it can be got from, under a type and a disposition that we choose. */
  downloadUrl(key: string, as: { contentType: string; disposition: string; seconds: number }): Promise<string>;
}
