/**
 * What an app on React Native gets of WebRTC: the members that react-native-webrtc 124 has (its src/*.ts), and none that it
 * lacks, over a native WebRTC. What crosses the bridge arrives in a later task, and properties change only then.
 */
import wrtc from '@roamhq/wrtc';

/** In the order in which it was given. */
const bridge = (work) => new Promise((resolve) => setImmediate(() => resolve(work())));

class Target {
  #listeners = new Map();
  addEventListener(type, listener) {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }
  removeEventListener(type, listener) {
    this.#listeners.get(type)?.delete(listener);
  }
  dispatchEvent(event) {
    for (const listener of [...(this.#listeners.get(event.type) ?? [])]) listener.call(this, event);
    return true;
  }
}

/** The native one stays out of reach of the app. */
const natives = new WeakMap();

export class MediaStreamTrack extends Target {
  label = '';
  muted = false;
  readyState = 'live';
  constructor(native, remote) {
    super();
    natives.set(this, native);
    Object.assign(this, { id: native.id, kind: native.kind, remote });
  }
  get enabled() {
    return natives.get(this).enabled;
  }
  set enabled(enabled) {
    natives.get(this).enabled = Boolean(enabled);
  }
  stop() {
    this.enabled = false;
    this.readyState = 'ended';
    if (!this.remote) natives.get(this).stop();
  }
  release() {}
  clone() {
    throw new Error('Not implemented.');
  }
  getCapabilities() {
    throw new Error('Not implemented.');
  }
}

export class MediaStream extends Target {
  #tracks;
  active = true;
  constructor(tracks = [], id = `stream-${Math.random()}`) {
    super();
    this.#tracks = [...tracks];
    this.id = id;
  }
  addTrack(track) {
    if (!this.#tracks.includes(track)) this.#tracks.push(track);
  }
  removeTrack(track) {
    this.#tracks = this.#tracks.filter((other) => other !== track);
  }
  getTracks() {
    return [...this.#tracks];
  }
  getTrackById(id) {
    return this.#tracks.find((track) => track.id === id);
  }
  getAudioTracks() {
    return this.#tracks.filter(({ kind }) => kind === 'audio');
  }
  getVideoTracks() {
    return this.#tracks.filter(({ kind }) => kind === 'video');
  }
  clone() {
    throw new Error('Not implemented.');
  }
  toURL() {
    return this.id;
  }
  release() {}
}

class RTCRtpSender {
  constructor(native, track) {
    natives.set(this, native);
    this.track = track;
  }
  async replaceTrack(track) {
    await natives.get(this).replaceTrack(track && natives.get(track));
    this.track = track;
  }
}

class RTCRtpReceiver {
  constructor(native) {
    this.track = native.track && new MediaStreamTrack(native.track, true);
  }
}

/** Its directions are those that were told the last time. */
class RTCRtpTransceiver {
  mid = null;
  stopped = false;
  currentDirection = null;
  #direction;
  constructor(native, track) {
    natives.set(this, native);
    this.#direction = native.direction;
    this.sender = new RTCRtpSender(native.sender, track);
    this.receiver = new RTCRtpReceiver(native.receiver);
  }
  get direction() {
    return this.#direction;
  }
  set direction(direction) {
    if (this.stopped) throw new Error('Transceiver Stopped');
    this.#direction = direction;
    natives.get(this).direction = direction;
  }
}

const described = (description) => description && { type: description.type, sdp: description.sdp };

export class RTCPeerConnection extends Target {
  localDescription = null;
  remoteDescription = null;
  signalingState = 'stable';
  iceGatheringState = 'new';
  connectionState = 'new';
  iceConnectionState = 'new';
  #native;
  #transceivers = [];
  #streams = new Map();
  #tracksToTell = [];

  constructor(configuration) {
    super();
    // It writes into what it is given.
    for (const server of configuration?.iceServers ?? []) {
      const urls = server.url || server.urls;
      delete server.url;
      delete server.urls;
      if (urls) server.urls = [urls].flat().map((url) => url.toLowerCase());
    }
    if (configuration) configuration.iceServers = (configuration.iceServers ?? []).filter(({ urls }) => urls);
    this.#native = new wrtc.RTCPeerConnection(configuration);
    for (const [type, property] of [
      ['connectionstatechange', 'connectionState'],
      ['iceconnectionstatechange', 'iceConnectionState'],
      ['signalingstatechange', 'signalingState'],
      ['icegatheringstatechange', 'iceGatheringState'],
    ]) {
      this.#native.addEventListener(type, () => {
        const value = this.#native[property];
        void bridge(() => {
          this[property] = value;
          if (property === 'iceGatheringState' && value === 'complete') this.#tellCandidate(null);
          this.dispatchEvent({ type });
        });
      });
    }
    this.#native.addEventListener('negotiationneeded', () => {
      void bridge(() => this.dispatchEvent({ type: 'negotiationneeded' }));
    });
    this.#native.addEventListener('icecandidate', ({ candidate: found }) => {
      // The end is told by the state of gathering. There is no usernameFragment.
      if (!found?.candidate) return;
      const { candidate, sdpMid, sdpMLineIndex } = found;
      void bridge(() => this.#tellCandidate({ candidate, sdpMid, sdpMLineIndex }));
    });
    this.#native.addEventListener('track', (event) => this.#tracksToTell.push(event));
  }

  async createOffer() {
    return bridge(async () => described(await this.#native.createOffer()));
  }
  async createAnswer() {
    return bridge(async () => described(await this.#native.createAnswer()));
  }
  setConfiguration(configuration) {
    this.#native.setConfiguration(configuration);
  }
  async setLocalDescription(description) {
    await this.#native.setLocalDescription(description && { sdp: '', ...described(description) });
    // What happened meanwhile was told before.
    await bridge(() => {});
    this.localDescription = described(this.#native.localDescription);
    this.#update();
  }
  async setRemoteDescription(description) {
    await this.#native.setRemoteDescription({ sdp: '', ...described(description) });
    await bridge(() => {});
    this.remoteDescription = described(this.#native.remoteDescription);
    this.#update();
    for (const { transceiver: native, streams } of this.#tracksToTell.splice(0)) this.#tellTrack(native, streams);
  }
  async addIceCandidate(candidate) {
    if (this.connectionState === 'closed') throw new Error('Peer Connection is closed');
    if (!candidate?.candidate) return;
    if ((candidate.sdpMLineIndex ?? candidate.sdpMid ?? null) === null) throw new TypeError('both null');
    await bridge(() => this.#native.addIceCandidate(JSON.parse(JSON.stringify(candidate))));
    this.remoteDescription = described(this.#native.remoteDescription);
  }
  addTrack(track, ...streams) {
    if (this.connectionState === 'closed') throw new Error('Peer Connection is closed');
    const sender = this.#native.addTrack(natives.get(track), ...streams.map(() => new wrtc.MediaStream()));
    return this.#transceiverOf(
      this.#native.getTransceivers().find((transceiver) => transceiver.sender === sender),
      track,
    ).sender;
  }
  async getStats() {
    return bridge(async () => new Map(await this.#native.getStats()));
  }
  getTransceivers() {
    return [...this.#transceivers];
  }
  getSenders() {
    return this.#transceivers.map(({ sender }) => sender);
  }
  getReceivers() {
    return this.#transceivers.map(({ receiver }) => receiver);
  }
  close() {
    // `connectionState` follows when the bridge tells of it.
    this.#native.close();
    void bridge(() => {
      this.connectionState = 'closed';
      this.signalingState = 'closed';
    });
  }
  restartIce() {
    this.#native.restartIce();
  }
  createDataChannel(label, options) {
    return this.#native.createDataChannel(label, options);
  }

  #tellCandidate(candidate) {
    this.localDescription = described(this.#native.localDescription);
    this.dispatchEvent({ type: 'icecandidate', candidate });
  }

  #tellTrack(native, nativeStreams) {
    const transceiver = this.#transceiverOf(native);
    const { track } = transceiver.receiver;
    const streams = nativeStreams.map(({ id }) => {
      const stream = this.#streams.get(id) ?? new MediaStream([], id);
      this.#streams.set(id, stream);
      stream.addTrack(track);
      return stream;
    });
    this.dispatchEvent({ type: 'track', streams, transceiver, track, receiver: transceiver.receiver });
  }

  #transceiverOf(native, track = null) {
    let known = this.#transceivers.find((transceiver) => natives.get(transceiver) === native);
    if (!known) this.#transceivers.push((known = new RTCRtpTransceiver(native, track)));
    if (track) known.sender.track = track;
    return known;
  }

  #update() {
    for (const native of this.#native.getTransceivers()) {
      const transceiver = this.#transceiverOf(native);
      transceiver.mid = native.mid;
      if (native.currentDirection) transceiver.currentDirection = native.currentDirection;
    }
  }
}
