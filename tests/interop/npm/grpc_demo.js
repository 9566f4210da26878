'use strict';
// The service between grpc_app.js and grpc_ask.js. Messages are bytes, so that no schema compiler is needed.
const bytes = (message) => Buffer.from(message);
const method = (name, requestStream, responseStream) => ({
  path: `/demo.Demo/${name}`, requestStream, responseStream,
  requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes,
});

exports.service = {
  Say: method('Say', false, false),
  Count: method('Count', false, true),
  Gather: method('Gather', true, false),
  Chat: method('Chat', true, true),
  Fail: method('Fail', false, false),
  Rest: method('Rest', false, false),
  Hold: method('Hold', true, true),
  Mirror: method('Mirror', false, false),
  Ended: method('Ended', false, false),
};
