#include "daemon/worker/date.hpp"

#include <array>

namespace ringside::worker {
namespace {

constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string digits(unsigned number, std::size_t width) {
  std::string text = std::to_string(number);
  return std::string(text.size() < width ? width - text.size() : 0, '0') + text;
}

}  // namespace

std::string http_date(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<std::chrono::days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  std::string text(days[weekday(day).c_encoding()]);
  text.append(", ").append(digits(static_cast<unsigned>(date.day()), 2));
  text.append(" ").append(months[static_cast<unsigned>(date.month()) - 1]);
  text.append(" ").append(digits(static_cast<unsigned>(static_cast<int>(date.year())), 4));
  text.append(" ").append(digits(static_cast<unsigned>(clock.hours().count()), 2));
  text.append(":").append(digits(static_cast<unsigned>(clock.minutes().count()), 2));
  text.append(":").append(digits(static_cast<unsigned>(clock.seconds().count()), 2));
  return text.append(" GMT");
}

void DateField::add_to(http::ResponseHead& head) {
  if (http::find(head.fields, http::Name::date)) return;
  const auto now = Clock::now();
  if (now >= good_until_) {
    const auto wall = std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
    text_ = http_date(wall);
    good_until_ = now + std::chrono::seconds(1) - wall.time_since_epoch() % std::chrono::seconds(1);
  }
  head.fields.push_back({"Date", text_, http::Name::date});
}

}  // namespace ringside::worker
