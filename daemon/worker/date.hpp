// Times as HTTP has them: the Date field of replies (RFC 9110 6.6.1), made once a second, and deadlines.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/text.hpp"
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

// Moments of our clock as times of day, of which most fall into the same second as the one before.
class Times {
 public:
  // RFC 3339: "2025-01-02T03:04:05.678Z"; the view lives until the next call.
  [[nodiscard]] std::string_view at(Instant);

 private:
  Instant second_ = never;  // that text_ is of
  TimeText text_{};
};

// "Sun, 06 Nov 1994 08:49:37 GMT"
[[nodiscard]] std::string http_date(WallTime);

}  // namespace ringside::worker
