'use strict';
// A TChannel app, service `store`: `echo` gives back what it got, `fail` does so with code 1, `busy` is an error frame.
// Beside a ringside it is only that: node tchannel_app.js NAME PORT
// As a member it asks ringpop-node who owns the shard key and relays there what is not its own:
//
//   node tchannel_app.js --listen=HOST:PORT --hosts=FILE

const RingPop = require('ringpop');
const RingpopHandler = require('ringpop/ringpop-handler');
const TChannel = require('tchannel');

const words = process.argv.slice(2);
const options = Object.fromEntries(words.map((word) => word.replace(/^--/, '').split('=')));
const [host, port] = (options.listen || `127.0.0.1:${words[1]}`).split(':');
const name = options.listen || words[0];

const root = new TChannel();
const store = root.makeSubChannel({serviceName: 'store'});
function answer(how) {
  return (request, response, head, body) => {
    response.headers.as = request.headers.as;
    response[how](`${name} ${head}`, body);
  };
}
store.register('echo', answer('sendOk'));
store.register('fail', answer('sendNotOk'));
store.register('busy', (request, response) => response.sendError('Busy', `${name} is busy`));

if (options.listen) {
  const log = {trace() {}, debug() {}, info() {}, warn: console.error, error: console.error};
  const ringpop = new RingPop({app: 'ringpop', hostPort: options.listen, logger: log, isCrossPlatform: true,
    channel: root.makeSubChannel({serviceName: 'ringpop', trace: false})});
  ringpop.setupChannel();
  store.handler = new RingpopHandler({realHandler: store.handler, ringpop, channel: store, logger: log});
  root.listen(Number(port), host, () => ringpop.bootstrap(options.hosts));
} else {
  root.listen(Number(port), host);
}
