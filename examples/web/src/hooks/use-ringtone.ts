import { useEffect, useState } from 'react';
import { startRingtone } from '../phone/ringtone';

/** Rings while a call asks to be answered, unless the user does not want that. The choice is kept. */
export function useRingtone(rings: boolean) {
  const [sound, setSound] = useState(() => localStorage.getItem('sound') !== 'off');
  useEffect(() => (rings && sound ? startRingtone() : undefined), [rings, sound]);
  const toggle = (): void => {
    localStorage.setItem('sound', sound ? 'off' : 'on');
    setSound(!sound);
  };
  return { sound, toggle };
}
