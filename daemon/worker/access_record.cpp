#include "daemon/worker/access_record.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "daemon/obs/access_log.hpp"
#include "daemon/obs/log_line.hpp"
#include "daemon/worker/fields.hpp"
#include "proto/http/names.hpp"

namespace ringside::worker {
namespace {

void add_text(std::string& line, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  line.append(",\"").append(name).append("\":");
  obs::append_quoted(line, value);
}

void add_number(std::string& line, std::string_view name, std::string_view digits) {
  if (!digits.empty()) line.append(",\"").append(name).append("\":").append(digits);
}

// Printable ASCII without what ends a quoted part of a line.
void add_plain(std::string& line, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x1f && byte < 0x7f && c != '"' && c != '\\') {
      line += c;
    } else {
      line.append("\\x") += hex[byte >> 4];
      line += hex[byte & 15];
    }
  }
}

// "10/Oct/2000:13:55:36 +0000"
void add_common_time(std::string& line, WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  static constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "%02d/%s/%04d:%02d:%02d:%02d +0000", parts.tm_mday,
                                 months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                                 parts.tm_hour, parts.tm_min, parts.tm_sec);
  line.append(text.data(), static_cast<std::size_t>(size));
}

}  // namespace

AccessRecord::AccessRecord(const http::RequestHead& head, const Client& client, Instant now)
    : begun_(now),
      client_(client.address),
      method_(head.method),
      target_(head.target),
      host_(head.authority),
      version_(head.method.empty() ? std::string_view() : version_of(head)),
      listener_(client.listener) {}

void AccessRecord::reply(const http::ResponseHead& head) {
  status_ = head.status;
  for (const auto& [name, value, known] : head.fields) {
    switch (known) {
      case http::Name::ringside_served_by: served_by_ = value; break;
      case http::Name::ringside_hops: hops_ = value; break;
      case http::Name::ringside_error: error_ = value; break;
      case http::Name::x_request_id: request_id_ = value; break;
      case http::Name::ringside:
        if (http::equals_ignore_case(name, "ringside-owner")) owner_ = value;
        if (http::equals_ignore_case(name, "ringside-attempts")) attempts_ = value;
        break;
      default: break;
    }
  }
}

void AccessRecord::write(config::AccessLogFormat format, End end, WallTime time, Instant now,
                         std::string& line) const {
  switch (format) {
    case config::AccessLogFormat::json: return write_json(end, time, now, line);
    case config::AccessLogFormat::common: return write_common(time, line);
  }
}

void AccessRecord::write_json(End end, WallTime time, Instant now, std::string& line) const {
  line += R"({"ts":")";
  obs::append_time(line, std::chrono::floor<Millis>(time));
  line += R"(","listener":)";
  line += listener_ == Listener::api       ? R"("api")"
          : listener_ == Listener::ingress ? R"("ingress")"
                                           : R"("telemetry")";
  add_text(line, "client", client_);
  add_text(line, "http", version_);
  add_text(line, "method", method_);
  add_text(line, "host", host_);
  add_text(line, "target", target_);
  add_number(line, "status", std::to_string(status_));
  add_number(line, "bytes_in", std::to_string(bytes_in_));
  add_number(line, "bytes_out", std::to_string(bytes_out_));
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - begun_).count();
  std::array<char, 32> ms{};
  const int size = std::snprintf(ms.data(), ms.size(), "%lld.%03d", static_cast<long long>(took / 1000),
                                 static_cast<int>(took % 1000));
  add_number(line, "took_ms", {ms.data(), static_cast<std::size_t>(size)});
  add_text(line, "owner", owner_);
  add_text(line, "served_by", served_by_);
  add_number(line, "hops", hops_);
  add_number(line, "attempts", attempts_);
  add_text(line, "error", error_);
  add_text(line, "request_id", request_id_);
  if (end == End::cut) line += R"(,"cut":true)";
  line += '}';
}

// host ident authuser date request status bytes
void AccessRecord::write_common(WallTime time, std::string& line) const {
  add_plain(line, client_.empty() ? "-" : client_);
  line += " - - [";
  add_common_time(line, time);
  line += "] \"";
  if (!method_.empty()) {
    add_plain(line, method_);
    add_plain(line += ' ', target_);
    add_plain(line += " HTTP/", version_);
  } else {
    line += '-';
  }
  line.append("\" ").append(std::to_string(status_)).append(" ");
  line += bytes_out_ == 0 ? "-" : std::to_string(bytes_out_);
}

AccessLog::AccessLog(const config::Config& config, Turn& turn) : config_(config), turn_(turn) {}

std::unique_ptr<AccessRecord> AccessLog::begin(const http::RequestHead& head, const Client& client,
                                               Rng& rng) const {
  const auto& log = config_.observability.access_log;
  if (log.file.empty() || !rng.chance(static_cast<std::uint64_t>(log.sample.value), 100)) return nullptr;
  return std::make_unique<AccessRecord>(head, client, Clock::now());
}

void AccessLog::end(std::unique_ptr<AccessRecord>& record, AccessRecord::End how) {
  if (record == nullptr) return;
  if (!lines_.empty()) lines_ += '\n';
  record->write(config_.observability.access_log.format, how,
                std::chrono::floor<Millis>(std::chrono::system_clock::now()), Clock::now(), lines_);
  record.reset();
  turn_.flush(*this);
}

void AccessLog::flush() {
  obs::write_access_log(lines_);
  lines_.clear();
}

}  // namespace ringside::worker
