'use strict';
// A gRPC app for any key, with messages that are plain text. usage: node grpc_app.js NAME PORT
//
//   Say     unary: "NAME key text", initial metadata x-app        Chat  both stream: each message comes back at once
//   Count   server streams: 1 to the number it was sent           Fail  ends with NOT_FOUND, details and trailers
//   Gather  client streams: how many messages and bytes           Rest  never answers
//   Mirror  unary: the call's metadata x-own-*, as             Hold  both stream: as Chat, but never ends by itself
//           initial metadata and as trailers                 Ended  unary: how many calls ended before their answer did
const grpc = require('@grpc/grpc-js');
const {service} = require('./grpc_demo');

const [name, port] = process.argv.slice(2);
const text = (message) => message.toString();
const key = (call) => text(call.metadata.get('ringside-key-bin')[0] || call.metadata.get('ringside-key')[0]);

let ended = 0;

function own(metadata) {
  const same = new grpc.Metadata();
  for (const name of Object.keys(metadata.getMap())) {
    if (name.startsWith('x-own-')) for (const value of metadata.get(name)) same.add(name, value);
  }
  return same;
}

const handlers = {
  Say(call, done) {
    const head = new grpc.Metadata();
    head.set('x-app', name);
    call.sendMetadata(head);
    const trailers = new grpc.Metadata();
    trailers.set('x-hops', call.metadata.get('ringside-hops')[0]);
    done(null, Buffer.from(`${name} ${key(call)} ${text(call.request)}`), trailers);
  },
  Count(call) {
    const last = Number(text(call.request));
    let next = 1;
    const go = () => {
      for (let n = 0; n < 100 && next <= last; n++) {
        if (!call.write(Buffer.from(String(next++)))) return call.once('drain', go);
      }
      if (next > last) return call.end();
      if (!call.cancelled) setImmediate(go);
    };
    go();
  },
  Gather(call, done) {
    let count = 0, bytes = 0;
    call.on('data', (message) => { count++; bytes += message.length; });
    call.on('end', () => done(null, Buffer.from(`${count} ${bytes}`)));
  },
  Chat(call) {
    call.on('data', (message) => call.write(Buffer.from(`<${text(message)}>`)));
    call.on('end', () => call.end());
  },
  Hold(call) {
    call.on('data', (message) => call.write(Buffer.from(`<${text(message)}>`)));
  },
  Fail(call, done) {
    const trailers = new grpc.Metadata();
    trailers.set('x-why', 'because');
    done({code: grpc.status.NOT_FOUND, details: 'nothing at 50 % of ü', metadata: trailers});
  },
  Rest() {},
  Mirror(call, done) {
    call.sendMetadata(own(call.metadata));
    done(null, call.request, own(call.metadata));
  },
  Ended(call, done) {
    done(null, Buffer.from(String(ended)));
  },
};

// 'cancelled' comes at the end of any call, and more than once.
for (const [method, handler] of Object.entries(handlers)) {
  handlers[method] = (call, done) => {
    let answered = false;
    call.once('cancelled', () => { if (!answered && !call.writableEnded) ended++; });
    handler(call, (...answer) => { answered = true; done(...answer); });
  };
}

const server = new grpc.Server();
server.addService(service, handlers);
server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
