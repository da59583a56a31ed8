// One of something for all tabs of a browser. Over HTTP/1.1 a browser opens six connections to a server and no more: six tabs
// with a stream each, and nothing can be asked for any more. So one tab, which has the lock of that name (Web Locks), is the
// head: it has the thing and passes on what it hears (BroadcastChannel); when it goes, the lock and the work go to the next.
// Where the browser has none of that, as without TLS beyond the own machine, every tab has a head of its own.

/** Head is what the tab with the lock does. */
export interface Head<W> {
  /** what a tab is told first, that has come later */
  first(): W;
  /** begins once more, whatever it does now */
  anew(): void;
  end(): void;
}
interface Shared { leave(): void; anew(): void }
type Note<W> = { told: W } | { ask: true } | { anew: true };

const quiet = 15_000; // after so long without a word the head is asked whether it is there
const patience = 4_000; // for its answer: a tab that the system has put to sleep gives none, and keeps its lock

/** share takes part in what a name stands for: take is told what the head passes on, wherever that is. */
export function share<W>(name: string, begin: (pass: (w: W) => void) => Head<W>, take: (w: W) => void): Shared {
  if (!("locks" in navigator) || !("BroadcastChannel" in window)) {
    const own = begin(take);
    return { leave: own.end, anew: own.anew };
  }
  const wire = new BroadcastChannel(name);
  const send = (n: Note<W>): void => wire.postMessage(n);
  let head: Head<W> | null = null, heard = performance.now(), turn = 0, gone = false;
  let waiting = new AbortController(), release = (): void => {}, doubt: ReturnType<typeof setTimeout> | undefined;

  const lead = (): Promise<void> => {
    if (gone) return Promise.resolve();
    head = begin((w) => {
      take(w);
      send({ told: w });
    });
    return new Promise((done) => (release = done));
  };
  const wait = (steal: boolean): void => {
    const mine = ++turn;
    waiting.abort();
    waiting = new AbortController();
    navigator.locks.request(name, steal ? { steal } : { signal: waiting.signal }, lead).catch(() => {
      if (mine !== turn || gone) return;
      head?.end(); // another tab believed that this one sleeps
      head = null;
      wait(false);
    });
  };
  wire.onmessage = ({ data }: MessageEvent<Note<W>>) => {
    if ("told" in data) {
      heard = performance.now();
      clearTimeout(doubt);
      take(data.told);
    } else if (head && "anew" in data) head.anew();
    else if (head) send({ told: head.first() });
  };
  const look = setInterval(() => {
    if (head || document.hidden || performance.now() - heard < quiet) return;
    send({ ask: true });
    clearTimeout(doubt);
    doubt = setTimeout(() => wait(true), patience);
  }, quiet / 3);
  wait(false);
  send({ ask: true });
  return {
    leave: () => {
      gone = true;
      clearInterval(look);
      clearTimeout(doubt);
      waiting.abort();
      head?.end();
      release();
      wire.close();
    },
    anew: () => (head ? head.anew() : send({ anew: true })),
  };
}
