/* reader.h - lines from whoever types: one interface, several editors.
 * SPDX-License-Identifier: MIT */
#ifndef ENGRAM_READER_H
#define ENGRAM_READER_H

#include <stdbool.h>
#include <stddef.h>

/* Those that are built, and the word for the best of them. */
#if HAVE_LIBEDIT
#define READER_NAMES "auto, libedit, builtin or none"
#elif HAVE_BUILTIN
#define READER_NAMES "auto, builtin or none"
#else
#define READER_NAMES "auto or none"
#endif

/* Bytes that grow, with a zero behind them; zeroed, it is empty. */
struct text {
    char *at; /* NULL until there are some */
    size_t n, room;
};
void text_insert(struct text *text, size_t where, const char *bytes, size_t n);
void text_append(struct text *text, const char *bytes, size_t n);
void text_delete(struct text *text, size_t where, size_t n);
void text_clear(struct text *text);

enum reading {
    READING_LINE,
    READING_END,
    READING_INTERRUPTED, /* what was typed so far is in the line, and is to be forgotten */
};

/* What Tab does: the text from `first` to the cursor becomes `text`; below the line `listing` is
 * shown unless it is empty. */
struct completion {
    size_t first;
    struct text text, listing;
};

/* Fills in what may become of the n bytes before the cursor; false if nothing. */
typedef bool reader_completer(const char *before, size_t n, int columns, int rows,
                              struct completion *out);

struct reader {
    const char *name;
    /* False where it cannot work. */
    bool (*open)(reader_completer *complete);
    /* A line without its end, which may hold several if they were pasted or remembered. */
    enum reading (*read)(const char *prompt, struct text *line);
    void (*remember)(const char *text);
};

extern const struct reader reader_libedit, reader_builtin, reader_none;

/* The reader of that name, NULL if none that was built has it. */
const struct reader *reader_called(const char *name);

/* Opens the one that ENGRAM_EDITOR names, and where it names none or it does not work, the best. */
const struct reader *reader_open(reader_completer *complete);

/* Reading at a terminal ends when this file has something to say, or is at its end. */
void reader_watch(int file);

/* ---- what editors share: a terminal, a byte at a time */

enum {
    READER_END = -1,
    READER_INTERRUPT = -2,
    READER_RESIZED = -3,
    READER_STOPPED = -4, /* reader_stop() says what to do */
};

/* Signals are held back from here, and noticed by reader_byte alone. */
void reader_hold_signals(void);
void reader_release_signals(void);

/* The next byte, or one of the above. */
int reader_byte(void);

/* The next character, or one of the above; bytes that are not UTF-8 are U+FFFD. */
int reader_character(void);

/* Lets the signal that was noticed stop or end the program; the terminal must be as others expect
 * it. Returns when the program continues. */
void reader_stop(void);

/* Whether there is input already. */
bool reader_waiting(void);

void reader_size(int *columns, int *rows);
void reader_write(const char *bytes, size_t n);

/* The text of a paste, whose beginning has been read, to its end; line ends are "\n", and there are
 * none behind the last line. */
void reader_paste(struct text *out);

/* Whether a terminal marks where a paste begins and ends. */
#define READER_PASTE_ON "\033[?2004h"
#define READER_PASTE_OFF "\033[?2004l"

/* Whether Tab is a blank: none but blanks stand before it in its line. */
bool reader_indents(const char *before, size_t n);

/* Length in bytes of the character at the beginning of n bytes, at least 1; what it is in *c, U+FFFD
 * if these are not UTF-8. */
size_t reader_decode(const char *bytes, size_t n, int *c);
size_t reader_encode(int c, char out[4]);

#endif
