/** Runs tasks one after another on a resource that bears only one at a time. A failed task does not stop the next. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as `task` does, once every task before it has ended. */
  take<T>(task: () => Promise<T> | T): Promise<T> {
    const turn = this.#last.then(task, task);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
