// The Date field of replies (RFC 9110 6.6.1), made once a second.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/time.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

class DateField {
 public:
  // Adds it where the app did not; the view lives until the next call.
  void add_to(http::ResponseHead&);

 private:
  Instant good_until_{};
  std::string text_;
};

// "Sun, 06 Nov 1994 08:49:37 GMT"
[[nodiscard]] std::string http_date(WallTime);

}  // namespace ringside::worker
