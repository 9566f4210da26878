'use strict';
// An app of long bodies, both ways, and of event streams. usage: node streams.js NAME PORT
//
//   PUT  /digest      JSON: app, size and SHA-256 of the body, read as fast as it comes
//   GET  /bytes/N     N bytes with a Content-Length: blocks of 64 KiB, all alike but for the number each begins with
//   GET  /stream/N    the same, chunked
//   GET  /events      an event stream: its number at once, then whatever is published, until the end is
//   POST /publish     the body is the data of one event for every open stream; says how many there were
//   POST /end         ends every stream; says how many there were
const crypto = require('crypto');
const http = require('http');

const [name, port] = process.argv.slice(2);
const BLOCK = 64 * 1024;
const pattern = Buffer.alloc(BLOCK);
for (let i = 0; i < BLOCK; i++) pattern[i] = i % 251;
const streams = new Set();
let opened = 0;

function say(response, what) {
  const body = Buffer.from(JSON.stringify({app: name, ...what}));
  response.writeHead(200, {'Content-Type': 'application/json', 'Content-Length': body.length}).end(body);
}

function digest(request, response) {
  const hash = crypto.createHash('sha256');
  let size = 0;
  request.on('data', (piece) => { size += piece.length; hash.update(piece); });
  request.on('end', () => say(response, {size, sha256: hash.digest('hex')}));
}

function bytes(response, size, headers) {
  response.writeHead(200, {'Content-Type': 'application/octet-stream', ...headers});
  let number = 0;
  const more = () => {
    while (number * BLOCK < size) {
      const block = Buffer.from(pattern);
      block.writeBigUInt64BE(BigInt(number));
      const part = block.subarray(0, Math.min(BLOCK, size - number * BLOCK));
      number++;
      if (!response.write(part)) return response.once('drain', more);
    }
    response.end();
  };
  more();
}

function events(response) {
  response.writeHead(200, {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store'});
  response.write(`data: ${++opened}\n\n`);
  streams.add(response);
  response.on('close', () => streams.delete(response));
}

function publish(request, response) {
  let data = '';
  request.setEncoding('utf8').on('data', (piece) => { data += piece; });
  request.on('end', () => {
    const count = streams.size;
    for (const each of streams) each.write(`data: ${data}\n\n`);
    say(response, {streams: count});
  });
}

http.createServer((request, response) => {
  const [, what, argument] = request.url.split('/');
  switch (what) {
    case 'digest': return digest(request, response);
    case 'bytes': return bytes(response, Number(argument), {'Content-Length': argument});
    case 'stream': return bytes(response, Number(argument), {});
    case 'events': return events(response);
    case 'publish': return publish(request, response);
    case 'end': {
      const count = streams.size;
      for (const each of streams) each.end();
      return say(response, {streams: count});
    }
    default: return say(response, {streams: streams.size});
  }
}).listen({port: Number(port), host: '127.0.0.1', backlog: 1024});
