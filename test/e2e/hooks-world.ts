import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { startFakeDirectory, type FakeDirectory } from '../support/fake-directory.js';
import { startFakePolicy, type FakePolicy } from '../support/fake-policy.js';
import {
  startFakeWebhook,
  webCryptoSignature,
  type FakeWebhook,
  type ReceivedWebhook,
} from '../support/fake-webhook.js';
import { eventually } from '../support/process.js';

const ADMIN_SECRET = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 4).toString('base64')}`;

/** A server with all the services around it: device-management, call policy and a receiver of webhooks. */
export interface HooksWorld extends CallWorld {
  readonly directory: FakeDirectory;
  readonly policy: FakePolicy;
  readonly webhook: FakeWebhook;
  /** What device-management says of an account: device ids and names; those not named here are not its devices. */
  setDevices(accountId: string, devices: Readonly<Record<string, string>>): void;
  /** Webhooks of a call so far, in the order in which they were accepted. */
  hooksOf(callId: string): readonly ReceivedWebhook[];
  /** Waits for a webhook of a call. @param kind type of the event, or kind of the wake-up */
  hook(callId: string, kind: string): Promise<ReceivedWebhook>;
  /** Whether a webhook has the signature that its receiver computes. */
  isSigned(webhook: ReceivedWebhook): Promise<boolean>;
  /** Asks for a revocation. @returns the HTTP status */
  revoke(accountId: string, deviceId: string, secret?: string): Promise<number>;
}

export async function startHooksWorld(): Promise<HooksWorld> {
  const [directory, policy, webhook] = await Promise.all([startFakeDirectory(), startFakePolicy(), startFakeWebhook()]);
  const world = await startCallWorld({
    DEVICE_DIRECTORY_URL: directory.url,
    CALL_POLICY_URL: policy.url,
    WEBHOOK_URL: webhook.url,
    WEBHOOK_SECRET,
    ADMIN_SECRET,
  });
  const hooksOf: HooksWorld['hooksOf'] = (callId) =>
    webhook.accepted.filter(({ body }) => body.data['callId'] === callId);

  return {
    ...world,
    directory,
    policy,
    webhook,
    setDevices: (accountId, devices) => {
      const listed = Object.entries(devices).map(([id, name]) => ({ id, name, active: true }));
      directory.accounts.set(accountId, listed);
    },
    hooksOf,
    hook: async (callId, kind) => {
      const find = (): ReceivedWebhook | undefined =>
        hooksOf(callId).find(({ body }) => body.type === kind || body.data['kind'] === kind);
      await eventually(() => find() !== undefined);
      return find()!;
    },
    isSigned: async ({ headers, raw }) => {
      const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
      return signature === (await webCryptoSignature(WEBHOOK_SECRET, String(id), Number(timestamp), raw));
    },
    revoke: async (accountId, deviceId, secret = ADMIN_SECRET) => {
      const body = JSON.stringify({ accountId, deviceId });
      const timestamp = Math.floor(Date.now() / 1_000);
      const headers = {
        'content-type': 'application/json',
        'webhook-id': 'revocation-1',
        'webhook-timestamp': String(timestamp),
        'webhook-signature': await webCryptoSignature(secret, 'revocation-1', timestamp, body),
      };
      return (await fetch(`${world.origin}/admin/revocations`, { method: 'POST', headers, body })).status;
    },
    close: async () => {
      await world.close();
      await Promise.all([directory.close(), policy.close(), webhook.close()]);
    },
  };
}
