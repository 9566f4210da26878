'use strict';
// Holds WebSockets of npm's ws for a test. Reads one JSON object a line from standard input, ends with it, and prints what
// happens as JSON, one event a line.
//
//   {"id", "open": "ws://...", "key", "deflate"}   then, to the same id:
//   {"id", "text"}  {"id", "bytes": N}  {"id", "ping"}  {"id", "close": [CODE, REASON]}  {"id", "drop": true}
// and back
//   {"id", "is": "text", "text"}  {"id", "is": "bytes", "size", "sha256"}  {"id", "is": "ping" or "pong", "text"}
//   {"id", "is": "open", "by", "extensions"}  {"id", "is": "close", "code", "reason"}  {"id", "is": "error", "text"}
// N bytes are those of AES in counter mode with a key of zeros: they do not compress, and the test knows them.
const crypto = require('crypto');
const readline = require('readline');
const WebSocket = require('ws');

const sockets = new Map();
const tell = (id, is, what) => process.stdout.write(`${JSON.stringify({id, is, ...what})}\n`);
const bytes = (size) => crypto.createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(size));

function open({id, open: url, key, deflate}) {
  const socket = new WebSocket(url, {headers: {'Ringside-Key': key}, perMessageDeflate: Boolean(deflate)});
  let by;
  socket.on('upgrade', (response) => { by = response.headers['ringside-served-by']; });
  socket.on('open', () => tell(id, 'open', {by, extensions: socket.extensions}));
  socket.on('message', (data, isBinary) => {
    if (!isBinary) return tell(id, 'text', {text: data.toString()});
    tell(id, 'bytes', {size: data.length, sha256: crypto.createHash('sha256').update(data).digest('hex')});
  });
  socket.on('ping', (data) => tell(id, 'ping', {text: data.toString()}));
  socket.on('pong', (data) => tell(id, 'pong', {text: data.toString()}));
  socket.on('close', (code, reason) => tell(id, 'close', {code, reason: reason.toString()}));
  socket.on('error', (error) => tell(id, 'error', {text: error.message}));
  sockets.set(id, socket);
}

readline.createInterface({input: process.stdin}).on('line', (line) => {
  const order = JSON.parse(line);
  const socket = sockets.get(order.id);
  if (order.open) open(order);
  if (order.text !== undefined) socket.send(order.text);
  if (order.bytes) socket.send(bytes(order.bytes));
  if (order.ping !== undefined) socket.ping(order.ping);
  if (order.close) socket.close(...order.close);
  if (order.drop) socket.terminate();
}).on('close', () => process.exit(0));
