/** Two soft notes, every three seconds, until it is stopped. */
export function startRingtone(): () => void {
  const context = new AudioContext();
  const play = (): void => {
    // A page that nobody has touched yet may make no sound.
    if (context.state !== 'running') return void context.resume();
    note(context, 659.25, 0);
    note(context, 783.99, 0.28);
  };
  play();
  const timer = setInterval(play, 3_000);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

function note(context: AudioContext, frequency: number, afterSeconds: number): void {
  const start = context.currentTime + afterSeconds;
  const oscillator = new OscillatorNode(context, { type: 'sine', frequency });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(0.14, start + 0.03);
  volume.gain.exponentialRampToValueAtTime(0.001, start + 0.9);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + 1);
}
