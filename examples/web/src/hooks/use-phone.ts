import { useEffect, useState } from 'react';
import type { Identity } from '../phone/identity';
import { openPhone } from '../phone/phone';
import type { Phone } from '../phone/phone';

/** A phone for as long as somebody is signed in. */
export function usePhone(identity: Identity | null): Phone | null {
  const [phone, setPhone] = useState<Phone | null>(null);
  useEffect(() => {
    if (!identity) return;
    const opened = openPhone(identity);
    setPhone(opened);
    return () => {
      opened.close();
      setPhone(null);
    };
  }, [identity]);
  return phone;
}
