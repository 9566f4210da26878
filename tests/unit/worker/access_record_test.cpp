// The lines of the access log, byte for byte.
#include "daemon/worker/access_record.hpp"

#include <catch2/catch.hpp>

using namespace ringside;
using namespace std::chrono_literals;
using worker::AccessRecord;
using Format = config::AccessLogFormat;

namespace {

const Instant begun{};
const WallTime wall = std::chrono::sys_days{std::chrono::year(2026) / 10 / 9} + 13h + 5min + 6s + 7ms;

http::RequestHead request(std::string_view target = "/cart?x=1") {
  http::RequestHead head;
  head.method = "POST";
  head.target = target;
  head.authority = "shop.example";
  return head;
}

std::string line(const AccessRecord& record, Format format,
                 AccessRecord::End end = AccessRecord::End::whole) {
  std::string text;
  record.write(format, end, wall, begun + 1234us, text);
  return text;
}

}  // namespace

TEST_CASE("a forwarded request in both formats") {
  AccessRecord record(request(), {worker::Listener::ingress, {}, "10.0.0.1"}, begun);
  record.request_body(3);
  record.request_body(4);
  http::ResponseHead reply;
  reply.status = 201;
  reply.fields = {{"Ringside-Owner", "b"},    {"Ringside-Served-By", "c"}, {"ringside-hops", "2"},
                  {"Ringside-Attempts", "1"}, {"X-Request-Id", "id-7"},    {"Set-Cookie", "secret"}};
  record.reply(reply);
  record.reply_body(512);
  CHECK(line(record, Format::json) ==
        R"({"ts":"2026-10-09T13:05:06.007Z","listener":"ingress","client":"10.0.0.1","http":"1.1",)"
        R"("method":"POST","host":"shop.example","target":"/cart?x=1","status":201,"bytes_in":7,)"
        R"("bytes_out":512,"took_ms":1.234,"owner":"b","served_by":"c","hops":2,"attempts":1,)"
        R"("request_id":"id-7"})");
  CHECK(line(record, Format::common) ==
        R"(10.0.0.1 - - [09/Oct/2026:13:05:06 +0000] "POST /cart?x=1 HTTP/1.1" 201 512)");
}

TEST_CASE("an answer of our own is named, and one that was cut off is said to be") {
  AccessRecord record(request("/x"), {worker::Listener::api, {}, "unix"}, begun);
  http::ResponseHead reply;
  reply.status = 503;
  reply.fields = {{"Ringside-Error", "app_down"}};
  record.reply(reply);
  const auto text = line(record, Format::json, AccessRecord::End::cut);
  CHECK_THAT(text, Catch::Contains(R"("listener":"api","client":"unix")"));
  CHECK_THAT(text,
             Catch::Contains(R"("status":503,)") && Catch::Contains(R"("error":"app_down","cut":true})"));
  CHECK(text.find("owner") == std::string::npos);
}

TEST_CASE("a head that could not be read has no method") {
  AccessRecord record({}, {worker::Listener::api, {}, "::1"}, begun);
  http::ResponseHead reply;
  reply.status = 400;
  record.reply(reply);
  CHECK(line(record, Format::json) ==
        R"({"ts":"2026-10-09T13:05:06.007Z","listener":"api","client":"::1","status":400,"bytes_in":0,)"
        R"("bytes_out":0,"took_ms":1.234})");
  CHECK(line(record, Format::common) == R"(::1 - - [09/Oct/2026:13:05:06 +0000] "-" 400 -)");
}

TEST_CASE("nobody can forge a line or end a quoted part of one") {
  const AccessRecord record(request("/\"\\\x7f\x80 200"), {}, begun);
  const auto common = line(record, Format::common);
  CHECK_THAT(common, Catch::Contains(R"("POST /\x22\x5c\x7f\x80 200 HTTP/1.1" 0 -)"));
  const auto json = line(record, Format::json);
  CHECK_THAT(json, Catch::Contains(R"("target":"/\"\\\u007f\\x80 200")"));
}
