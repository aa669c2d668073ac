// Why: clients put paths behind base URLs that people have typed, so slashes are doubled or stand at the end, and some
// libraries encode letters that need none. All of these mean the same path.
// Thread: any; pure functions.
// What holds: after make_canonical() a path has no empty segment, no slash at its end ("/" itself stays), and no
// encoding of a letter, a digit, '-', '.', '_' or '~'. "%2F" and every other encoding stay, and so does the query. A
// target only becomes shorter, and one that is canonical already costs one look at its bytes and no memory.
// Source: RFC 3986, sections 6.2.2.2 (encodings) and 3.3 (paths).
#pragma once

#include <string>
#include <string_view>

namespace eai::http {

void make_canonical(std::string& target);

// A part of a path with every encoding undone, which may give any bytes: "a%2Fb" is "a/b". What is no encoding stays.
std::string decoded(std::string_view part);

}  // namespace eai::http
