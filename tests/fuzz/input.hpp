// What every fuzz target gets, and how it says that something is wrong.
//
// An input is one byte string, taken apart the same way for all targets, so that a corpus file can be read
// and made by hand:
//
//   byte 0     low half: the number k of piece sizes; high half: four flags with a meaning of the target's
//   own k bytes    sizes of the pieces that the payload is given in, over and over; none: single bytes the
//   rest   the payload
//
// A target runs on the whole payload and on the pieces, and both must come to the same. What must not be is a
// Finding: libFuzzer sees an exception that nobody catches, Catch2 a failed test case.
#pragma once

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ringside::fuzz {

class Finding : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void require(bool good, std::string_view what) {
  if (!good) throw Finding(std::string(what));
}

template <class T>
void require_same(const T& whole, const T& other, std::string_view what) {
  if (whole == other) return;
  std::ostringstream text;
  text << what << "\n  one:   " << whole << "\n  other: " << other;
  throw Finding(text.str());
}

class Input {
 public:
  explicit Input(std::string_view bytes) {
    if (bytes.empty()) return;
    const auto first = static_cast<unsigned char>(bytes.front());
    const std::size_t pieces = std::min<std::size_t>(first & 0xf, bytes.size() - 1);
    flags_ = first >> 4;
    sizes_ = bytes.substr(1, pieces);
    payload_ = bytes.substr(1 + pieces);
  }

  [[nodiscard]] bool flag(unsigned number) const noexcept { return (flags_ >> number & 1) != 0; }
  [[nodiscard]] unsigned flags() const noexcept { return flags_; }
  [[nodiscard]] std::string_view payload() const noexcept { return payload_; }

  // Calls `use` with one piece after the other, of the payload or of what a target has made of it.
  template <class Use>
  void for_each_piece(Use use) const {
    for_each_piece(payload_, use);
  }
  template <class Use>
  void for_each_piece(std::string_view rest, Use use) const {
    for (std::size_t number = 0; !rest.empty(); ++number) {
      const auto piece = rest.substr(0, size_of_piece(number));
      use(piece);
      rest.remove_prefix(piece.size());
    }
  }

 private:
  // 1 to 191 bytes, and from there in steps of 64 to 4 KiB: small cuts matter most.
  [[nodiscard]] std::size_t size_of_piece(std::size_t number) const noexcept {
    if (sizes_.empty()) return 1;
    const std::size_t size = static_cast<unsigned char>(sizes_[number % sizes_.size()]);
    return size < 192 ? size + 1 : (size - 191) * 64;
  }

  unsigned flags_ = 0;
  std::string_view sizes_, payload_;
};

}  // namespace ringside::fuzz
