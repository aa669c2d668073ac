// Why: DNS rebinding: a page of evil.example whose name is made to point here, so that its browser takes this server for
// the page's own. A server that answers without a key has to look at the name by which it is asked.
// Thread: any; a plain value with const calls.
// What holds: an address is always ours, because nobody can make it point elsewhere. Besides that:
//   a server for this machine   localhost, and the names that its owner has given
//   a server for a network      these, and names that the public DNS does not have (box, nas.local,
//                               host.docker.internal): only neighbours can make such a name point here, and they reach
//                               the server anyway
// Source: RFC 9110, section 7.2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/authority.h"

namespace eai::http {

enum class Reach : std::uint8_t { this_machine, network };  // who can open a connection

struct OwnHosts {
  Reach reach = Reach::this_machine;
  std::vector<std::string> names;  // as canonical as Authority::host, or "*.example.com"

  // Whether a Host header means this server.
  bool know(std::string_view header) const;
  // Whether the server has this name or address for sure: of addresses, only private ones.
  bool have(const Authority& asked) const;
};

// What nearly every request says: 127.0.0.1 or localhost, with or without a port. Parsing it as an authority would cost
// a twentieth of the program's own time for an answer.
bool is_this_machine(std::string_view header);

// The names of this machine, as other machines may know it: "box.example.com", "box".
std::vector<std::string> machine_names();

}  // namespace eai::http
