// With certificates, what a member says of itself must be what its certificate says.
#include "daemon/control/gossip_source.hpp"

#include <catch2/catch.hpp>

namespace ringside::control::test {
namespace {

using Catch::Contains;
using ringpop::Change;

const std::string a = "127.0.0.1:1", b = "127.0.0.1:2";

// The member b, with a certificate of its own.
const Speaker speaker{b, {"b", "b.example"}};

std::string name_of(const std::string& address) {
  return address == a ? "a" : address == b ? "b" : "";
}

Change record(const std::string& address, const std::string& name) {
  return {.address = address, .labels = {{"__identity", name}, {"zone", "eu"}}};
}

ringpop::Request ping(const std::string& source, std::vector<Change> changes = {}) {
  return ringpop::Ping{.source = source, .changes = std::move(changes)};
}

std::string fault(const ringpop::Request& request, const Speaker& by = speaker) {
  return false_source(by, request, name_of);
}

TEST_CASE("a member may speak for itself, and pass on what it has heard of others") {
  CHECK(fault(ping(b, {record(b, "b"), record(a, "a")})).empty());
  CHECK(fault(ping(b, {record(b, "b.example")})).empty());
  CHECK(fault(ringpop::Join{.source = b}).empty());
  CHECK(fault(ringpop::PingReq{.source = b, .target = a}).empty());
}

TEST_CASE("a request in the name of another address is refused, whatever it is") {
  for (const ringpop::Request& request : {ping(a), ringpop::Request(ringpop::Join{.source = a}),
                                          ringpop::Request(ringpop::PingReq{.source = a})})
    CHECK_THAT(fault(request), Contains("speaks for " + a) && Contains(b));
  CHECK_THAT(fault(ping(b), {"", {"b"}}), Contains("no address"));
}

TEST_CASE("who calls itself by another's name is refused, in each kind of message") {
  CHECK_THAT(fault(ping(b, {record(a, "a"), record(b, "a")})),
             Contains("speaks for a") && Contains("is for b"));
  CHECK_FALSE(fault(ringpop::PingReq{.source = b, .changes = {record(b, "a")}}).empty());
  CHECK_FALSE(false_source(speaker, ringpop::JoinResponse{.membership = {record(b, "a")}}).empty());
  CHECK_FALSE(false_source(speaker, ringpop::PingResponse{.changes = {record(b, "a")}}).empty());
  CHECK_FALSE(false_source(speaker, ringpop::PingReqResponse{.changes = {record(b, "a")}}).empty());
  CHECK(false_source(speaker, ringpop::Rejection{}).empty());
}

TEST_CASE("who listens where another member is known to be is refused") {
  CHECK_THAT(fault(ping(a), {a, {"b"}}), Contains("speaks for a"));
  CHECK(fault(ping("127.0.0.1:3"), {"127.0.0.1:3", {"c"}}).empty());  // a newcomer
}

TEST_CASE("without a certificate anything may come, as ever") {
  CHECK(fault(ping(a, {record(b, "a")}), {b, {}}).empty());
  CHECK(false_source({b, {}}, ringpop::PingResponse{.changes = {record(b, "a")}}).empty());
}

}  // namespace
}  // namespace ringside::control::test
