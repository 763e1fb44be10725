/** A subscription by server-sent events (GraphQL over SSE, distinct connections). */
export interface ServerSentEvents {
  /** The next result. @throws Error the stream ended first */
  next(): Promise<unknown>;
  close(): Promise<void>;
}

export async function openServerSentEvents(
  url: string,
  { query, authorization }: { readonly query: string; readonly authorization?: string },
): Promise<ServerSentEvents> {
  const abort = new AbortController();
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(authorization && { authorization }),
    },
    body: JSON.stringify({ query }),
    signal: abort.signal,
  });
  const chunks = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    next: async () => {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
          text = text.slice(end + 2);
          if (data) return JSON.parse(data) as unknown;
          continue;
        }
        const { done, value } = await chunks.read();
        if (done) throw new Error('the stream ended');
        text += value;
      }
    },
    close: async () => {
      await chunks.cancel().catch(() => {});
      abort.abort();
    },
  };
}
