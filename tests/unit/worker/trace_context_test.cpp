// Which traceparent counts as one (W3C Trace Context 3.2), and what a request without one gets.
#include "daemon/worker/trace_context.hpp"

#include <catch2/catch.hpp>

using namespace ringside;

namespace {

const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string with(std::size_t at, char c) {
  auto text = good;
  text[at] = c;
  return text;
}

}  // namespace

TEST_CASE("a traceparent is read as the standard has it") {
  struct Row {
    std::string text;
    bool valid;
  };
  const auto row = GENERATE(values<Row>({
      {good, true},
      {with(54, '0'), true},
      {"cc" + good.substr(2), true},            // a later version
      {"cc" + good.substr(2) + "-more", true},  // which may go on
      {"cc" + good.substr(2) + "x", false},
      {good + "-more", false},
      {"ff" + good.substr(2), false},
      {"0g" + good.substr(2), false},
      {good.substr(0, 54), false},
      {"", false},
      {with(3, 'A'), false},  // upper case
      {with(40, 'g'), false},
      {with(53, 'x'), false},
      {with(2, '_'), false},
      {with(35, '_'), false},
      {with(52, '_'), false},
      {"00-" + std::string(32, '0') + "-00f067aa0ba902b7-01", false},
      {"00-4bf92f3577b34da6a3ce929d0e0e4736-" + std::string(16, '0') + "-01", false},
  }));
  INFO(row.text);
  CHECK(worker::is_traceparent(row.text) == row.valid);
}

TEST_CASE("a valid traceparent stays; where there is none, or no valid one, a new trace begins") {
  struct Row {
    std::vector<http::Field> fields;
    bool stays;
  };
  const auto row = GENERATE(values<Row>({
      {{{"Traceparent", good}, {"tracestate", "a=1"}}, true},
      {{}, false},
      {{{"tracestate", "a=1"}}, false},
      {{{"traceparent", "nonsense"}, {"tracestate", "a=1"}}, false},
      {{{"traceparent", good}, {"traceparent", good}}, false},
  }));
  http::RequestHead head;
  head.fields = row.fields;
  head.fields.push_back({"accept", "*/*"});
  Rng rng(1);
  std::string text;
  worker::ensure_traceparent(head, rng, text);
  if (row.stays) {
    CHECK(head.fields.size() == 3);
    return;
  }
  REQUIRE(head.fields.size() == 2);
  CHECK(head.fields[0].name == "accept");
  CHECK(head.fields[1].name == "traceparent");
  CHECK(worker::is_traceparent(head.fields[1].value));
  CHECK(head.fields[1].value.ends_with("-00"));
  const std::string first = text;
  head.fields.clear();
  worker::ensure_traceparent(head, rng, text);
  CHECK(text != first);
}
