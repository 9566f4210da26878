'use strict';
// An app of WebSockets, with npm's ws. usage: node ws_app.js NAME PORT
//
// On any path it says its name, then echoes each message as it came, text or binary, but for these texts:
//   close CODE REASON   it closes          drop   it cuts the connection
//   ping DATA           it pings, and says "pong DATA" when that has come back
// Per-message compression is on where a client offers it. GET /ended tells of every WebSocket that has ended: code, reason.
const http = require('http');
const {WebSocketServer} = require('ws');

const [name, port] = process.argv.slice(2);
const ended = [];

const server = http.createServer((request, response) => {
  const body = Buffer.from(JSON.stringify(ended));
  response.writeHead(200, {'Content-Type': 'application/json', 'Content-Length': body.length}).end(body);
});

function obey(socket, text) {
  const [word, first, ...more] = text.split(' ');
  switch (word) {
    case 'close': return socket.close(Number(first), more.join(' '));
    case 'drop': return socket.terminate();
    case 'ping': return socket.ping(first);
    default: return socket.send(text);
  }
}

new WebSocketServer({server, perMessageDeflate: true, maxPayload: 16 * 1024 * 1024}).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => (isBinary ? socket.send(data) : obey(socket, data.toString())));
  socket.on('pong', (data) => socket.send(`pong ${data}`));
  socket.on('close', (code, reason) => ended.push([code, reason.toString()]));
  socket.on('error', () => {});  // its close follows
  socket.send(name);
});
server.listen(Number(port), '127.0.0.1');
