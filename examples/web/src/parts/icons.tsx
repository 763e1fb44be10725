import type { ReactNode } from 'react';

function Icon({ children }: { readonly children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      {children}
    </svg>
  );
}

const HANDSET =
  'M6.6 10.8a15 15 0 0 0 6.6 6.6l2.2-2.2a1 1 0 0 1 1-.25 11.4 11.4 0 0 0 3.6.57 1 1 0 0 1 1 1V20a1 1 0 0 1-1 1A17 17 0 0 1 3 4a1 1 0 0 1 1-1h3.5a1 1 0 0 1 1 1c0 1.25.2 2.45.57 3.57a1 1 0 0 1-.25 1.02z';
const CAMERA = 'M4 6h10a2 2 0 0 1 2 2v2.5l4.5-3v9l-4.5-3V16a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2z';
const BELL = 'M12 3a6 6 0 0 0-6 6v4l-2 4h16l-2-4V9a6 6 0 0 0-6-6zm-2 15.5a2 2 0 0 0 4 0z';

export const PhoneIcon = () => (
  <Icon>
    <path d={HANDSET} />
  </Icon>
);

export const HangUpIcon = () => (
  <Icon>
    <path d={HANDSET} transform="rotate(135 12 12)" />
  </Icon>
);

export const VideoIcon = () => (
  <Icon>
    <path d={CAMERA} />
  </Icon>
);

export const CameraOffIcon = () => (
  <Icon>
    <path d={CAMERA} />
    <Slash />
  </Icon>
);

export const MicrophoneIcon = () => (
  <Icon>
    <Microphone />
  </Icon>
);

export const MicrophoneOffIcon = () => (
  <Icon>
    <Microphone />
    <Slash />
  </Icon>
);

export const BellIcon = () => (
  <Icon>
    <path d={BELL} />
  </Icon>
);

export const BellOffIcon = () => (
  <Icon>
    <path d={BELL} />
    <Slash />
  </Icon>
);

export const LogoIcon = () => (
  <svg className="logo" viewBox="0 0 24 24" aria-hidden="true">
    <path d={HANDSET} transform="translate(3.6 3.6) scale(0.7)" />
  </svg>
);

function Microphone() {
  return (
    <>
      <rect x="9" y="3" width="6" height="11" rx="3" />
      <path className="line" d="M6 11v1a6 6 0 0 0 12 0v-1M12 18v3" />
    </>
  );
}

function Slash() {
  return (
    <>
      <path className="gap" d="M4 3l17 17" />
      <path className="line" d="M3 4l17 17" />
    </>
  );
}
