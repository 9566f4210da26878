#include "proto/wire/error.hpp"

namespace ringside::wire {

std::string_view describe(WireErrc code) noexcept {
  switch (code) {
    case WireErrc::truncated: return "the message is cut short";
    case WireErrc::bad_length: return "a length that cannot be right";
    case WireErrc::bad_value: return "a value out of range";
    case WireErrc::bad_checksum: return "the checksum does not match";
    case WireErrc::too_large: return "over a size limit";
    case WireErrc::too_many: return "over a count limit";
    case WireErrc::duplicate: return "a key stands twice";
    case WireErrc::unexpected: return "not expected here";
    case WireErrc::trailing_bytes: return "bytes left over at the end";
  }
  return "unknown error";
}

}  // namespace ringside::wire
