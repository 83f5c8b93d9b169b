/** What a running computation tells of itself. It stands alone: the public face is typed by it. */
export interface ProgressData {
  readonly tasksDone: number;
  readonly tasksTotal: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Bytes read and written so far, those of tasks under way included. */
  readonly bytesDone: number;
  /** Bytes of blocks put on disk so far. */
  readonly bytesSpilled: number;
  /** Blocks that lie in memory, those that tasks are making included. */
  readonly blocksHeld: number;
  readonly memoryUsed: number;
  readonly memoryLimit: number;
}
