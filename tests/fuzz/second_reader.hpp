// A second opinion on HTTP/1, for tests alone: llhttp, which node reads with. Where does each message end,
// and what is in it?
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringside::fuzz {

using Pairs = std::vector<std::pair<std::string, std::string>>;  // names and trimmed values

struct SecondMessage {
  std::string method, target;  // of a request
  int status = 0;              // of a reply
  Pairs fields, trailers;
  bool chunked = false;
  std::uint64_t length = 0;  // as announced
  std::string body;
  std::size_t end = 0;  // where the next message begins
};

struct SecondReading {
  std::vector<SecondMessage> messages;  // whole ones
  bool unfinished = false;              // it waits for more of a message
  std::string refused;                  // what it does not like; empty: nothing
};

enum class Kind : std::uint8_t { request, reply, reply_to_head };

// `eof`: the connection ends behind the bytes.
SecondReading read_by_second(std::string_view bytes, Kind kind, bool eof);

}  // namespace ringside::fuzz
