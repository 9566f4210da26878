// The keys of one member, changed step by step, and the text that keeps them.
#include "daemon/security/keyring.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"
#include "daemon/security/secret.hpp"

namespace ringside::security::test {
namespace {

using Catch::Contains;

// The key whose digits are all this one.
ClusterKey key(char digit) {
  return parse_cluster_keys(std::string(64, digit))->front();
}

std::vector<std::string> ids(std::initializer_list<char> digits) {
  std::vector<std::string> all;
  for (const char digit : digits) all.push_back(key(digit).id);
  return all;
}

TEST_CASE("a key is changed in three steps, none of which forgets another key") {
  Keyring ring({key('a')});
  REQUIRE(ring.install(key('b')).has_value());
  CHECK(ring.ids() == ids({'a', 'b'}));  // accepted, not dialled with
  REQUIRE(ring.use(key('b').id).has_value());
  CHECK(ring.ids() == ids({'b', 'a'}));
  REQUIRE(ring.remove(key('a').id).has_value());
  CHECK(ring.ids() == ids({'b'}));
}

TEST_CASE("a step that was done already changes nothing") {
  Keyring ring({key('a'), key('b')});
  CHECK(ring.install(key('b')).has_value());
  CHECK(ring.use(key('a').id).has_value());
  CHECK(ring.remove(key('c').id).has_value());
  CHECK(ring.ids() == ids({'a', 'b'}));
}

TEST_CASE("the others keep their order when one of them is used") {
  Keyring ring({key('a'), key('b'), key('c')});
  CHECK(ring.use(key('c').id).has_value());
  CHECK(ring.ids() == ids({'c', 'a', 'b'}));
}

TEST_CASE("a refused step changes nothing and says why, without the key") {
  Keyring ring({key('a'), key('b')});
  CHECK_THAT(ring.use(key('c').id).error(), Contains(key('c').id) && Contains("install"));
  CHECK_THAT(ring.remove(key('a').id).error(), Contains("dials with the key " + key('a').id));
  ClusterKey twin = key('c');
  twin.id = key('a').id;
  CHECK_THAT(ring.install(twin).error(), Contains("make a new one") && !Contains(std::string(8, 'c')));
  CHECK(ring.ids() == ids({'a', 'b'}));
}

TEST_CASE("a keyring takes eight keys, and one more when one has been removed") {
  Keyring ring({key('0')});
  for (char digit = '1'; digit < '8'; ++digit) REQUIRE(ring.install(key(digit)).has_value());
  CHECK(ring.keys().size() == limits::cluster_keys);
  CHECK_THAT(ring.install(key('8')).error(), Contains("8 keys") && Contains("remove one first"));
  CHECK(ring.install(key('3')).has_value());  // it has that
  REQUIRE(ring.remove(key('7').id).has_value());
  CHECK(ring.install(key('8')).has_value());
}

TEST_CASE("what is stored is read as it was") {
  const StoredKeyring stored{{key('b'), key('a')}, ids({'a'})};
  const auto read = parse_stored_keyring(to_text(stored));
  REQUIRE(read.has_value());
  CHECK(Keyring(read->keys).ids() == ids({'b', 'a'}));
  CHECK(read->keys.front().bytes == stored.keys.front().bytes);
  CHECK(read->file_ids == stored.file_ids);
}

TEST_CASE("a stored keyring that was cut, edited or is another version's is refused, without showing a key") {
  const std::string text = to_text({{key('b')}, ids({'a'})});
  const auto with_sum = [](const std::string& lines) {
    return lines + "sha256 " + hex(sha256(lines)) + "\n";
  };
  for (std::size_t end = 0; end < text.size(); end += 7)
    CHECK_FALSE(parse_stored_keyring(text.substr(0, end)).has_value());
  auto edited = text;
  edited[edited.find("bbbb")] = 'a';
  for (const auto& bad :
       {edited, text + "\n", with_sum("ringside-keyring 2\n"), with_sum("ringside-keyring 1\n"),
        with_sum("ringside-keyring 1\nkeys " + std::string(64, 'b') + "\n"),
        with_sum("ringside-keyring 1\nkey " + std::string(63, 'b') + "\n")}) {
    const auto read = parse_stored_keyring(bad);
    REQUIRE_FALSE(read.has_value());
    CHECK_THAT(read.error(), !Contains(std::string(8, 'b')));
  }
}

TEST_CASE("stored keys count until the key file holds others than when they were stored") {
  const StoredKeyring stored{{key('b')}, ids({'a'})};
  CHECK(counts(stored, {key('a')}));
  CHECK_FALSE(counts(stored, {key('b')}));
  CHECK_FALSE(counts(stored, {key('a'), key('b')}));
}

}  // namespace
}  // namespace ringside::security::test
