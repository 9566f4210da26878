// Files of secrets: who may read them, what a key file holds.
#include "daemon/security/secret.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "daemon/base/limits.hpp"
#include "daemon/security/cluster_key.hpp"

namespace ringside::security::test {
namespace {

struct File {
  explicit File(const std::string& text, mode_t mode = 0600) {
    char name[] = "/tmp/ringside-secret-XXXXXX";
    const int fd = ::mkstemp(name);
    REQUIRE(fd >= 0);
    ::close(fd);
    path = name;
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
  }
  ~File() { std::filesystem::remove(path); }
  std::string path;
};

TEST_CASE("a secret is read from a file that only its owner and group can read") {
  for (const mode_t mode : {0400U, 0600U, 0440U, 0640U})
    CHECK(read_secret_file(File("x", mode).path)->text == "x");
}

TEST_CASE("a secret that others can read or change is refused with the command that mends it") {
  for (const mode_t mode : {0644U, 0604U, 0660U, 0602U, 0666U, 0601U}) {
    const File file("x", mode);
    const auto read = read_secret_file(file.path);
    REQUIRE_FALSE(read.has_value());
    CHECK_THAT(read.error(), Catch::Contains("chmod 0600 " + file.path));
  }
  CHECK_THAT(mode_fault(0644, false, "/f"), Catch::Contains("mode 0644") && Catch::Contains("can read"));
  CHECK_THAT(mode_fault(0660, false, "/f"), Catch::Contains("mode 0660") && Catch::Contains("can change"));
}

TEST_CASE("on a read-only mount the mode is that of the platform, and is taken") {
  CHECK(mode_fault(0444, true, "/run/secrets/key").empty());
  CHECK(mode_fault(0644, true, "/run/secrets/key").empty());
}

TEST_CASE("a secret is read from a pipe to its end, once") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "swordfish", 9) == 9);
  ::close(ends[1]);
  const auto path = "/dev/fd/" + std::to_string(ends[0]);
  const auto read = read_secret_file(path);
  REQUIRE(read.has_value());
  CHECK(read->text == "swordfish");
  CHECK(read_secret_file(path)->text.empty());
  ::close(ends[0]);
}

TEST_CASE("what is no file, not there or too long is refused by name") {
  CHECK_THAT(read_secret_file("/nowhere/key").error(), Catch::Contains("/nowhere/key"));
  CHECK_THAT(read_secret_file("/tmp").error(), Catch::Contains("it is no file"));
  const File longest(std::string(limits::secret_file_bytes, 'x')),
      longer(std::string(limits::secret_file_bytes + 1, 'x'));
  CHECK(read_secret_file(longest.path)->text.size() == limits::secret_file_bytes);
  CHECK_THAT(read_secret_file(longer.path).error(), Catch::Contains("is it the right file?"));
}

TEST_CASE("a key file holds keys of 64 hex digits, one a line, with comments between") {
  const std::string one(64, 'a'), other(64, 'B');
  const auto keys = parse_cluster_keys("# keys\n\n  " + one + " \r\n" + other);
  REQUIRE(keys.has_value());
  REQUIRE(keys->size() == 2);
  CHECK((*keys)[0].bytes[0] == 0xaa);
  CHECK((*keys)[1].bytes[31] == 0xbb);
  CHECK((*keys)[0].id == hex(sha256(std::string(32, '\xaa'))).substr(0, 8));
}

TEST_CASE("what a key file holds besides is refused by its line, without showing it") {
  for (const std::string& bad : {std::string("secretsecret"), std::string(63, 'a'), std::string(65, 'a'),
                                 std::string(63, 'a') + "g"}) {
    const auto keys = parse_cluster_keys("# first\n" + bad + "\n");
    REQUIRE_FALSE(keys.has_value());
    CHECK_THAT(keys.error(),
               Catch::Contains("line 2") && Catch::Contains("ringside keygen") && !Catch::Contains(bad));
  }
  CHECK_THAT(parse_cluster_keys("# nothing\n").error(), Catch::Contains("no key in it"));
  const std::string key(64, 'a');
  CHECK_THAT(parse_cluster_keys(key + "\n" + key).error(),
             Catch::Contains("line 2 repeats") && !Catch::Contains(key));
}

TEST_CASE("a key file holds at most eight keys") {
  std::string text;
  for (char digit = '0'; digit < '8'; ++digit) text += std::string(64, digit) + "\n";
  CHECK(parse_cluster_keys(text)->size() == limits::cluster_keys);
  CHECK_THAT(parse_cluster_keys(text + std::string(64, '9')).error(), Catch::Contains("more than 8 keys"));
}

TEST_CASE("a new key is one that a key file may hold, and another one each time") {
  const auto one = new_key_text(), other = new_key_text();
  CHECK(parse_cluster_keys(one + other)->size() == 2);
}

TEST_CASE("HMAC-SHA256 is that of RFC 4231") {
  CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

}  // namespace
}  // namespace ringside::security::test
