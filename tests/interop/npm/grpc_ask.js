'use strict';
// Calls the app of grpc_app.js through whatever stands between. Reads one JSON object from standard input:
//   {"to": "host:port", "calls": [{"method", "metadata", "messages": [...], "timeout_ms",
//    "cancel_after": answers}]}
// (metadata whose name ends in -bin is given in base64, several values as a list) and prints a JSON list in their order:
//   {"answers": [...], "head": {...}, "trailers": {...}, "code", "details"}
// All calls of a list are under way at once, on one connection. In Chat each message waits for the answer to the one before.
const grpc = require('@grpc/grpc-js');
const {service} = require('./grpc_demo');

const Client = grpc.makeGenericClientConstructor(service, 'demo.Demo');

function ask(client, question) {
  const metadata = new grpc.Metadata();
  for (const [name, values] of Object.entries(question.metadata || {})) {
    for (const value of [].concat(values)) metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
  }
  const options = {deadline: Date.now() + (question.timeout_ms || 10000)};
  const {requestStream, responseStream} = service[question.method];
  const messages = question.messages.map((each) => Buffer.from(each));
  return new Promise((resolve) => {
    const said = {answers: []};
    const done = (error, message) => {
      if (message) said.answers.push(message.toString());
    };
    const given = [...(requestStream ? [] : [messages.shift()]), metadata, options, ...(responseStream ? [] : [done])];
    const call = client[question.method](...given);
    const next = () => (messages.length ? call.write(messages.shift()) : call.end());
    call.on('metadata', (head) => { said.head = head.toJSON(); });
    call.on('status', (status) => setImmediate(() => resolve(
      {...said, code: status.code, details: status.details, trailers: status.metadata.toJSON()})));
    call.on('error', () => {});  // the status tells
    if (responseStream) {
      call.on('data', (message) => {
        said.answers.push(message.toString());
        if (said.answers.length === question.cancel_after) return call.cancel();
        if (requestStream) next();
      });
    }
    if (requestStream && responseStream) return next();
    if (requestStream) while (requestStream && call.writable && messages.length) next();
    if (requestStream) call.end();
  });
}

async function main() {
  const {to, calls} = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const client = new Client(to, grpc.credentials.createInsecure(), {'grpc.enable_retries': 0});
  console.log(JSON.stringify(await Promise.all(calls.map((each) => ask(client, each)))));
  client.close();
}

main();
