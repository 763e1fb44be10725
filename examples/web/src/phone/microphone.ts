/** Opens microphone and camera, and remembers why it could not: the browser's reason is what a user can do something about. */
export interface Microphone {
  open(constraints: MediaStreamConstraints): Promise<MediaStream>;
  /** In plain words, of the last failure. */
  readonly problem: string;
}

export function createMicrophone(): Microphone {
  let problem = '';
  return {
    open: async (constraints) => {
      try {
        return await navigator.mediaDevices.getUserMedia(constraints);
      } catch (error) {
        problem = describe((error as DOMException).name, constraints.video ? 'microphone or camera' : 'microphone');
        throw error;
      }
    },
    get problem() {
      return problem;
    },
  };
}

/** Names of Media Capture and Streams, section 10.3. */
function describe(name: string, what: string): string {
  switch (name) {
    case 'NotAllowedError':
      return `This page may not use your ${what}. Allow it beside the address of the page, then try again.`;
    case 'NotFoundError':
      return `No ${what} was found. Connect one, then try again.`;
    case 'NotReadableError':
    case 'AbortError':
      return `Your ${what} is in use by another program, or does not work. Close that program, then try again.`;
    default:
      return `Your ${what} cannot be used here. Browsers allow it on https and on localhost only.`;
  }
}
