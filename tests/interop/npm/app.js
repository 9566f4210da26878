'use strict';
// An HTTP app as people build one on ringpop-node: it answers requests for the keys it owns and hands the others to
// their owner, through /proxy/req. The key is the header `x-key`; the answer says in JSON what reached the app, with
// the status that ?status= asks for.
//
//   node app.js --listen=HOST:PORT --hosts=FILE --http=PORT

const crypto = require('crypto');
const http = require('http');
const RingPop = require('ringpop');
const TChannel = require('tchannel');

const options = Object.fromEntries(process.argv.slice(2).map((argument) => argument.replace(/^--/, '').split('=')));
const [host, port] = options.listen.split(':');

// ringpop-node's response object borrows the header functions of Node's own, by a field that has another name since.
const fields = Object.getOwnPropertySymbols(new http.OutgoingMessage());
const fieldOfHeaders = fields.find((symbol) => symbol.description === 'kOutHeaders');

function answer(request, response, forwarded) {
  if (forwarded) response[fieldOfHeaders] = null;
  const hash = crypto.createHash('sha256');
  let size = 0;
  request.on('data', (piece) => {
    hash.update(piece);
    size += piece.length;
  });
  request.on('end', () => {
    response.statusCode = Number(new URL(request.url, 'http://app').searchParams.get('status')) || 200;
    response.setHeader('x-app', options.listen);
    response.end(JSON.stringify({app: options.listen, forwarded, method: request.method, path: request.url,
      headers: request.headers, size, sha256: hash.digest('hex')}));
  });
}

const log = {trace() {}, debug() {}, info() {}, warn: console.error, error: console.error};
const root = new TChannel();
const ringpop = new RingPop({app: 'ringpop', hostPort: options.listen, logger: log, isCrossPlatform: true,
  channel: root.makeSubChannel({serviceName: 'ringpop', trace: false})});
ringpop.setupChannel();
ringpop.on('request', (request, response) => answer(request, response, true));
root.listen(Number(port), host, () => ringpop.bootstrap(options.hosts, () => {
  http.createServer((request, response) => {
    if (ringpop.handleOrProxy(request.headers['x-key'], request, response)) answer(request, response, false);
  }).listen(Number(options.http), host);
}));
