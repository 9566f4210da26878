// Why bytes did not parse, and where. Bytes from outside never assert: they give one of these.
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ringside::wire {

enum class WireErrc {
  truncated,       // the bytes end before the value does
  bad_length,      // a length field that cannot be right
  bad_value,       // a value outside its range
  bad_checksum,    // the checksum of a message does not match its bytes
  too_large,       // over a size limit
  too_many,        // over a count limit
  duplicate,       // a key that may stand once stands twice
  unexpected,      // a well-formed thing where it must not be
  trailing_bytes,  // bytes left over after the value
};

std::string_view describe(WireErrc) noexcept;

struct WireError {
  WireErrc code{};
  std::size_t offset = 0;  // bytes from the start of the frame or body
  friend bool operator==(const WireError&, const WireError&) = default;
};

// boost::system::result needs to know what value() throws; nothing here calls value() on an error.
[[noreturn]] inline void throw_exception_from_error(const WireError& e, const boost::source_location&) {
  throw std::runtime_error(std::string(describe(e.code)) + " at byte " + std::to_string(e.offset));
}

template <class T>
class [[nodiscard]] Parsed : public boost::system::result<T, WireError> {
 public:
  using boost::system::result<T, WireError>::result;
};

}  // namespace ringside::wire
