#include "proto/http2/huffman.hpp"

#include <array>
#include <cstdint>

namespace ringside::http2 {
namespace {

constexpr std::size_t symbols = 257;
constexpr std::size_t eos = 256;
constexpr unsigned longest = 30;

// How many bits each byte's code has, EOS last. The code is canonical: ordered by length, then by symbol,
// each code is the one before it plus one. So its lengths are all there is to know.
constexpr std::array<std::uint8_t, symbols> lengths = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,  5,  5,  5,  6,
    6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
    7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,  15, 5,  6,  5,  6,  5,  6,  6,
    6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28, 20, 22,
    20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23,
    22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22,
    23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22,
    25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
};

// Of the codes of one length: where they begin, and where their symbols stand in the order.
struct Row {
  std::uint32_t first_code = 0;
  std::uint16_t first_symbol = 0, count = 0;
};
struct Table {
  std::array<Row, longest + 1> rows{};
  std::array<std::uint16_t, symbols> order{};
  // By the next eight bits: the symbol and its length if it has no more than these, else length 0.
  struct Short {
    std::uint8_t symbol = 0, length = 0;
  };
  std::array<Short, 256> shorts{};
};

constexpr Table table = [] {
  Table made;
  std::uint32_t code = 0;
  std::uint16_t at = 0;
  for (unsigned length = 1; length <= longest; ++length) {
    code <<= 1;
    Row& row = made.rows[length];
    row.first_code = code;
    row.first_symbol = at;
    for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
      if (lengths[symbol] != length) continue;
      made.order[at++] = static_cast<std::uint16_t>(symbol);
      ++row.count;
      if (length <= 8) {
        const std::uint32_t first = code << (8 - length);
        for (std::uint32_t i = 0; i < 1U << (8 - length); ++i)
          made.shorts[first + i] = {static_cast<std::uint8_t>(symbol), static_cast<std::uint8_t>(length)};
      }
      ++code;
    }
  }
  return made;
}();

}  // namespace

bool decode_huffman(std::string_view code, std::string& out) {
  out.clear();
  std::uint64_t bits = 0;  // the lowest `held` of them are still to be read
  unsigned held = 0;
  std::size_t at = 0;
  for (;;) {
    while (held <= 56 && at < code.size()) {
      bits = bits << 8 | static_cast<unsigned char>(code[at++]);
      held += 8;
    }
    if (held == 0) return true;
    const auto ahead = [&](unsigned count) {  // the next ones, filled up with ones behind the end
      if (held >= count) return static_cast<std::uint32_t>(bits >> (held - count) & ((1ULL << count) - 1));
      const std::uint64_t rest = bits & ((1ULL << held) - 1);
      return static_cast<std::uint32_t>(rest << (count - held) | ((1ULL << (count - held)) - 1));
    };
    const auto quick = table.shorts[ahead(8)];
    if (quick.length != 0 && quick.length <= held) {
      out.push_back(static_cast<char>(quick.symbol));
      held -= quick.length;
      continue;
    }
    bool found = false;
    for (unsigned length = 9; !found && length <= longest && length <= held; ++length) {
      const Row& row = table.rows[length];
      const std::uint32_t offset = ahead(length) - row.first_code;  // wraps below it
      if (offset >= row.count) continue;
      const std::size_t symbol = table.order[row.first_symbol + offset];
      if (symbol == eos) return false;
      out.push_back(static_cast<char>(symbol));
      held -= length;
      found = true;
    }
    // What is left is no code: the padding, or there is no end to it.
    if (!found) return held < 8 && ahead(held) == (1U << held) - 1;
  }
}

}  // namespace ringside::http2
