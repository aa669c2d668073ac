// Why: a server runs for weeks. The program text that only its start has used (options, catalog, hashing, the start of
// the libraries) stays mapped all the same and counts as its memory, which doubles what the server really needs.
// Thread: any.
// What holds: only pages of program text are let go. They are never written to, so code that runs there again finds
// them in the page cache or on the disk, as it did the first time.
#pragma once

namespace eai {

// Does nothing on macOS, which is harmless.
void let_go_of_program_pages();

}  // namespace eai
