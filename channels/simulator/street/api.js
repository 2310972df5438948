// Talking to the simulator: its state, what citizens do, and the stream that says that something changed.

export class Refused extends Error {}

export async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused("De simulator is niet bereikbaar. Je tekst staat er nog; probeer het zo weer.");
  }
  let data = null;
  try {
    data = await answer.json();
  } catch {
    throw new Refused("De simulator gaf geen leesbaar antwoord. Je tekst staat er nog; probeer het zo weer.");
  }
  if (!answer.ok) throw new Refused(data?.error ?? "Dat lukte niet.");
  return data;
}

// Calls `changed` at once and after every change; `connected(true|false)` says whether the stream runs.
// Without the stream it asks every two seconds.
export function follow(changed, connected) {
  let source = null;
  let polling = null;
  const poll = (on) => {
    if (on && polling === null) polling = setInterval(changed, 2000);
    if (!on && polling !== null) {
      clearInterval(polling);
      polling = null;
    }
  };
  const open = () => {
    source = new EventSource("/street/stream");
    source.addEventListener("open", () => {
      poll(false);
      connected(true);
    });
    source.addEventListener("changed", changed);
    source.addEventListener("error", () => {
      poll(true);
      connected(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
    });
  };
  open();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && open());
}

export function readFile(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(String(reader.result)));
    reader.addEventListener("error", () => fail(new Refused("Deze foto is niet te lezen.")));
    reader.readAsDataURL(file);
  });
}
