// A member's own folder, and the keys that it keeps there over a restart.
#include "daemon/app/data_folder.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "daemon/app/secrets.hpp"
#include "daemon/net/whole_file.hpp"
#include "daemon/security/secret.hpp"
#include "tests/support/temp_dir.hpp"

namespace ringside::app::test {
namespace {

using Catch::Contains;
using Kind = api::KeyringVerb::Kind;

mode_t mode_of(const std::string& path) {
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

TEST_CASE("a folder is made for its owner alone, and used by one at a time") {
  const ringside::test::TempDir parent;
  const auto path = parent.path("data");
  {
    DataFolder one, other;
    REQUIRE(one.open(path).has_value());
    CHECK(mode_of(path) == 0700);
    CHECK_THAT(other.open(path).error(), Contains("node.data_dir") && Contains(path));
  }
  DataFolder next;
  CHECK(next.open(path).has_value());
  CHECK_THAT(DataFolder().open(parent.path("no/such")).error(), Contains("cannot make"));
}

TEST_CASE("a file is replaced as a whole, and is for its owner alone") {
  const ringside::test::TempDir folder;
  const auto path = folder.write("file", "old and longer");
  ::chmod(path.c_str(), 0644);
  REQUIRE(net::write_whole(path, "new").has_value());
  CHECK(security::read_secret_file(path)->text == "new");
  CHECK(mode_of(path) == 0600);
  CHECK_FALSE(std::filesystem::exists(path + ".new"));
  CHECK_THAT(net::write_whole(folder.path("no/such"), "x").error(), Contains("cannot write"));
}

TEST_CASE("keys that were changed are read again after a restart, until the key file holds others") {
  const ringside::test::TempDir folder;
  config::Config config;
  config.node.name = "a";
  config.node.data_dir = folder.path("");
  config.security.cluster_key_file = folder.write_secret("ring_key", std::string(64, 'a'));
  const auto started = read_secrets(config);
  REQUIRE(started.has_value());
  const auto installed =
      change_keyring(config, *started, {.kind = Kind::install, .key = std::string(64, 'b')});
  REQUIRE(installed.has_value());
  CHECK(installed->peers.tls != started->peers.tls);
  CHECK(read_secrets(config)->keyring->ids() == installed->keyring->ids());
  config.security.cluster_key_file = folder.write_secret("other_key", std::string(64, 'c'));
  auto edited = read_secrets(config);
  REQUIRE(edited.has_value());
  CHECK(edited->keyring->ids().size() == 1);
  CHECK(std::filesystem::exists(folder.path("keyring")));  // whether this comes into force is not known yet
  forget_outdated(*edited);
  CHECK_FALSE(std::filesystem::exists(folder.path("keyring")));
}

TEST_CASE("a change that could not be kept is refused; one that changes nothing needs no folder") {
  const ringside::test::TempDir folder;
  config::Config config;
  config.security.cluster_key_file = folder.write_secret("ring_key", std::string(64, 'a'));
  const auto started = read_secrets(config);
  REQUIRE(started.has_value());
  const api::KeyringVerb install{.kind = Kind::install, .key = std::string(64, 'b')};
  CHECK_THAT(change_keyring(config, *started, install).error(), Contains("node.data_dir"));
  CHECK(change_keyring(config, *started, {}).has_value());
  CHECK(change_keyring(config, *started, {.kind = Kind::install, .key = std::string(64, 'a')}).has_value());
  CHECK_THAT(change_keyring(config, Secrets(), {}).error(), Contains("security.cluster_key_file"));
}

}  // namespace
}  // namespace ringside::app::test
