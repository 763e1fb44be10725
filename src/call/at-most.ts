/** Does work for each item, at most so many at a time. @throws what the first work that fails throws, once none is under way */
export async function atMost<Item>(
  count: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(count, items.length) }, worker));
  for (const result of ended) if (result.status === 'rejected') throw result.reason;
}
