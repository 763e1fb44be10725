import { useEffect, useRef } from 'react';

export interface PictureProps {
  readonly stream: MediaStream | null;
  readonly label: string;
  readonly className: string;
  /** The sound is heard all the same. */
  readonly hidden: boolean;
  readonly muted?: boolean;
}

/** Sound and picture of a stream. */
export function Picture({ stream, label, className, hidden, muted = false }: PictureProps) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);
  return (
    <video
      ref={video}
      className={hidden ? 'visually-hidden' : className}
      aria-label={label}
      aria-hidden={hidden}
      autoPlay
      playsInline
      muted={muted}
    />
  );
}
