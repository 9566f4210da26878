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

// The distance of the two clocks is measured anew for each second, so a step of the system's is followed.
std::string_view Times::at(Instant moment) {
  using namespace std::chrono;
  constexpr std::size_t to_millis = 20;  // "2025-01-02T03:04:05."
  if (second_ == never || moment < second_ || moment >= second_ + seconds(1)) {
    const auto wall = floor<Millis>(system_clock::now() + (moment - Clock::now()));
    second_ = moment - wall.time_since_epoch() % seconds(1);
    text_ = rfc3339_text(wall);
  }
  auto millis = static_cast<unsigned>(floor<milliseconds>(moment - second_).count());
  for (std::size_t i = to_millis + 3; i-- > to_millis; millis /= 10)
    text_[i] = static_cast<char>('0' + millis % 10);
  return {text_.data(), text_.size()};
}

}  // namespace ringside::worker
