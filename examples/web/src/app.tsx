import { useState } from 'react';
import { usePhone } from './hooks/use-phone';
import { forgetIdentity, loadIdentity, saveIdentity } from './phone/identity';
import { PhoneScreens } from './screens/phone-screens';
import { WhoAreYou } from './screens/who-are-you';

export function App() {
  const [identity, setIdentity] = useState(loadIdentity);
  const phone = usePhone(identity);
  if (!identity) return <WhoAreYou onChosen={(account) => setIdentity(saveIdentity(account))} />;
  if (!phone) return null;
  const leave = (): void => {
    forgetIdentity();
    setIdentity(null);
  };
  return <PhoneScreens key={identity.account} phone={phone} account={identity.account} onLeave={leave} />;
}
