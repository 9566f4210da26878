'use strict';
// npm's tchannel as a client that a test holds by the hand. A line of JSON on standard input is one call, a line on
// standard output its answer, in the order in which they end; `id` says which is which. Any number may be under way.
//
//   {"id": 1, "to": "127.0.0.1:3000", "endpoint": "/admin/stats", "head": "", "body": "", "as": "raw", "checksum": 3,
//    "service": "ringpop", "key": "what goes into the header sk"}
//   {"id": 1, "ok": true, "head": "...", "body": "..."}       ok: response code 0
//   {"id": 1, "error": "tchannel.bad-request", "message": "..."}
//   {"id": 2, "to": "127.0.0.1:3000", "ping": true}  ->  {"id": 2, "ok": true}     the ping frame of the connection

const readline = require('readline');
const TChannel = require('tchannel');

const root = new TChannel();
const ringpop = root.makeSubChannel({serviceName: 'ringpop'});

function say(id, answer) {
  process.stdout.write(JSON.stringify({id, ...answer}) + '\n');
}

function failed(error) {
  return {error: error.type || 'error', message: error.message};
}

function call({id, to, endpoint, head = '', body = '', as = 'raw', checksum = 3, service = 'ringpop', key}) {
  const request = ringpop.request({host: to, serviceName: service, hasNoParent: true, retryLimit: 1, timeout: 5000,
    checksumType: checksum, headers: {as, cn: 'ringside-interop', ...(key && {sk: key})}});
  request.send(endpoint, head, body, (error, response, answerHead, answerBody) =>
    say(id, error ? failed(error) : {ok: response.ok, head: String(answerHead), body: String(answerBody)}));
}

function ping(id, to) {
  const connection = root.peers.get(to).getIdentifiedOutConnection();
  const sent = connection.ping();
  const heard = (answer) => {
    if (answer.id !== sent) return;
    connection.pingResponseEvent.removeListener(heard);
    say(id, {ok: true});
  };
  connection.pingResponseEvent.on(heard);
}

readline.createInterface({input: process.stdin}).on('line', (line) => {
  const asked = JSON.parse(line);
  ringpop.waitForIdentified({host: asked.to}, (error) => {
    if (error) say(asked.id, failed(error));
    else if (asked.ping) ping(asked.id, asked.to);
    else call(asked);
  });
}).on('close', () => process.exit(0));
