// With certificates, what a member says of itself must be what its certificate says.
#include "daemon/control/gossip_source.hpp"

#include <catch2/catch.hpp>
#include <type_traits>

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
  Change change;
  change.address = address;
  change.labels = {{"__identity", name}, {"zone", "eu"}};
  return change;
}

ringpop::Request ping(const std::string& source, std::vector<Change> changes = {}) {
  ringpop::Ping ping;
  ping.source = source;
  ping.changes = std::move(changes);
  return ping;
}

ringpop::Request join(const std::string& source) {
  ringpop::Join join;
  join.source = source;
  return join;
}

ringpop::Request ping_req(const std::string& source, std::vector<Change> changes = {}) {
  ringpop::PingReq request;
  request.source = source;
  request.target = a;
  request.changes = std::move(changes);
  return request;
}

// An answer that tells of one member.
template <class Response>
Response telling(Change change) {
  Response response;
  if constexpr (std::is_same_v<Response, ringpop::JoinResponse>) {
    response.membership = {std::move(change)};
  } else {
    response.changes = {std::move(change)};
  }
  return response;
}

std::string fault(const ringpop::Request& request, const Speaker& by = speaker) {
  return false_source(by, request, name_of);
}

TEST_CASE("a member may speak for itself, and pass on what it has heard of others") {
  CHECK(fault(ping(b, {record(b, "b"), record(a, "a")})).empty());
  CHECK(fault(ping(b, {record(b, "b.example")})).empty());
  CHECK(fault(join(b)).empty());
  CHECK(fault(ping_req(b)).empty());
}

TEST_CASE("a request in the name of another address is refused, whatever it is") {
  for (const ringpop::Request& request : {ping(a), join(a), ping_req(a)})
    CHECK_THAT(fault(request), Contains("speaks for " + a) && Contains(b));
  CHECK_THAT(fault(ping(b), {"", {"b"}}), Contains("no address"));
}

TEST_CASE("who calls itself by another's name is refused, in each kind of message") {
  CHECK_THAT(fault(ping(b, {record(a, "a"), record(b, "a")})),
             Contains("speaks for a") && Contains("is for b"));
  CHECK_FALSE(fault(ping_req(b, {record(b, "a")})).empty());
  CHECK_FALSE(false_source(speaker, telling<ringpop::JoinResponse>(record(b, "a"))).empty());
  CHECK_FALSE(false_source(speaker, telling<ringpop::PingResponse>(record(b, "a"))).empty());
  CHECK_FALSE(false_source(speaker, telling<ringpop::PingReqResponse>(record(b, "a"))).empty());
  CHECK(false_source(speaker, ringpop::Rejection{}).empty());
}

TEST_CASE("who listens where another member is known to be is refused") {
  CHECK_THAT(fault(ping(a), {a, {"b"}}), Contains("speaks for a"));
  CHECK(fault(ping("127.0.0.1:3"), {"127.0.0.1:3", {"c"}}).empty());  // a newcomer
}

TEST_CASE("without a certificate anything may come, as ever") {
  CHECK(fault(ping(a, {record(b, "a")}), {b, {}}).empty());
  CHECK(false_source({b, {}}, telling<ringpop::PingResponse>(record(b, "a"))).empty());
}

}  // namespace
}  // namespace ringside::control::test
