'use strict';
// CRC-32C byte by byte from a table, with the one function that tchannel calls.

const table = Array.from({length: 256}, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

// `before` is the result for what came before this data.
exports.calculate = function calculate(data, before = 0) {
  let crc = ~before;
  for (const byte of Buffer.from(data)) crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
};
