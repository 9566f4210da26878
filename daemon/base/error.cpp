#include "daemon/base/error.hpp"

#include <string>

namespace ringside {
namespace {

// Boost's base has a protected destructor and a friend; categories are never destroyed through it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "ringside"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::timed_out: return "timed out";
      case Errc::refused: return "connection refused";
      case Errc::connection_lost: return "connection lost";
      case Errc::remote_error: return "the other side answered with an error";
      case Errc::bad_message: return "malformed message";
      case Errc::cancelled: return "cancelled";
      case Errc::too_large: return "over a size limit";
    }
    return "unknown error";
  }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& ringside_category() noexcept {
  static const Category category;
  return category;
}

boost::system::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), ringside_category()};
}

}  // namespace ringside
