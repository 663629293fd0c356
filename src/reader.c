/* reader.c - what editors share, which of them is used, and the reader that edits nothing.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "reader.h"
#include "interrupt.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- texts */

static void make_room(struct text *text, size_t room)
{
    if (room <= text->room)
        return;
    char *at = room < SIZE_MAX / 2 ? realloc(text->at, 2 * room) : NULL;
    if (!at) {
        fputs("engram: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    text->at = at;
    text->room = 2 * room;
}

void text_insert(struct text *text, size_t where, const char *bytes, size_t n)
{
    make_room(text, text->n + n + 1);
    memmove(text->at + where + n, text->at + where, text->n - where);
    memcpy(text->at + where, bytes, n);
    text->n += n;
    text->at[text->n] = 0;
}

void text_append(struct text *text, const char *bytes, size_t n)
{
    text_insert(text, text->n, bytes, n);
}

void text_delete(struct text *text, size_t where, size_t n)
{
    if (n == 0)
        return;
    memmove(text->at + where, text->at + where + n, text->n - where - n + 1);
    text->n -= n;
}

void text_clear(struct text *text)
{
    text->n = 0;
    text_append(text, "", 0);
}

/* ---- characters */

enum { REPLACEMENT = 0xfffd };

/* Bytes that follow a first one; -1 if none may begin a character so. */
static int bytes_after(unsigned char first)
{
    return first < 0x80   ? 0
           : first < 0xc2 ? -1
           : first < 0xe0 ? 1
           : first < 0xf0 ? 2
           : first < 0xf5 ? 3
                          : -1;
}

size_t reader_decode(const char *bytes, size_t n, int *c)
{
    static const int least[] = {0, 0x80, 0x800, 0x10000}, kept[] = {0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *b = (const unsigned char *)bytes;
    int after = bytes_after(*b);
    *c = REPLACEMENT;
    if (after < 0 || (size_t)after >= n)
        return 1;
    int code = *b & kept[after];
    for (int i = 1; i <= after; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 1;
        code = code << 6 | (b[i] & 0x3f);
    }
    if (code < least[after] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 1;
    *c = code;
    return (size_t)after + 1;
}

size_t reader_encode(int c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(0xf00 >> n | c); /* as many ones as there are bytes, and a zero */
    return n;
}

/* ---- signals, held back but while a byte is waited for, so that none falls between a look and a wait */

static const int noticed[] = {SIGWINCH, SIGTSTP, SIGTERM, SIGHUP, SIGQUIT};
enum { NOTICED = sizeof noticed / sizeof *noticed };

static volatile sig_atomic_t resized, stopping; /* the latter by which signal */
static struct sigaction actions_before[NOTICED];
static sigset_t mask_before;

static void notice(int number)
{
    if (number == SIGWINCH)
        resized = 1;
    else
        stopping = number;
}

void reader_hold_signals(void)
{
    sigset_t these;
    sigemptyset(&these);
    sigaddset(&these, SIGINT);
    for (int i = 0; i < NOTICED; i++)
        sigaddset(&these, noticed[i]);
    sigprocmask(SIG_BLOCK, &these, &mask_before);
    struct sigaction action = {.sa_handler = notice};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < NOTICED; i++) {
        sigaction(noticed[i], NULL, &actions_before[i]);
        if (actions_before[i].sa_handler != SIG_IGN)
            sigaction(noticed[i], &action, NULL);
    }
}

void reader_release_signals(void)
{
    for (int i = 0; i < NOTICED; i++)
        sigaction(noticed[i], &actions_before[i], NULL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

void reader_stop(void)
{
    int number = stopping;
    stopping = 0;
    reader_release_signals();
    raise(number);
    reader_hold_signals();
}

/* ---- the terminal */

static int watched = -1;

void reader_watch(int file)
{
    watched = file;
}

/* 1 if there is input, 0 if there is none and the file that is watched is ready, -1 after a signal. */
static int await_input(const sigset_t *mask)
{
    struct pollfd files[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = watched, .events = POLLIN}};
    if (ppoll(files, 2, NULL, mask) < 0 && errno == EINTR)
        return -1;
    return files[0].revents || !files[1].revents;
}

int reader_byte(void)
{
    for (;;) {
        if (interrupt_noted())
            return READER_INTERRUPT;
        if (stopping)
            return READER_STOPPED;
        if (resized) {
            resized = 0;
            return READER_RESIZED;
        }
        int input = await_input(&mask_before);
        if (input < 0)
            continue;
        if (input == 0)
            return READER_END;
        unsigned char byte;
        ssize_t n = read(STDIN_FILENO, &byte, 1);
        if (n == 1)
            return byte;
        if (n == 0 || (errno != EINTR && errno != EAGAIN))
            return READER_END;
    }
}

int reader_character(void)
{
    char bytes[4];
    int byte = reader_byte(), c;
    if (byte < 0x80)
        return byte;
    bytes[0] = (char)byte;
    int after = bytes_after((unsigned char)byte);
    for (int i = 1; i <= after; i++) {
        byte = reader_byte();
        if (byte < 0)
            return byte;
        bytes[i] = (char)byte;
    }
    reader_decode(bytes, after > 0 ? (size_t)after + 1 : 1, &c);
    return c;
}

bool reader_waiting(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) > 0 && (input.revents & POLLIN);
}

void reader_size(int *columns, int *rows)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    *columns = known && size.ws_col > 0 ? size.ws_col : 80;
    *rows = known && size.ws_row > 0 ? size.ws_row : 24;
}

void reader_write(const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t wrote = write(STDOUT_FILENO, bytes, n);
        if (wrote < 0 && errno != EINTR && errno != EAGAIN)
            return;
        if (wrote > 0) {
            bytes += wrote;
            n -= (size_t)wrote;
        }
    }
}

/* Terminals send the return key for a line's end; keys that are none of text are left out. */
static void append_pasted(struct text *out, char c)
{
    bool ends = c == '\r' || c == '\n';
    if (ends || c == '\t' || ((unsigned char)c >= ' ' && c != 127))
        text_append(out, ends ? "\n" : &c, 1);
}

void reader_paste(struct text *out)
{
    static const char end[] = "\033[201~";
    size_t matched = 0; /* bytes of the end; an escape begins it anew */
    int byte, last = 0;
    text_clear(out);
    while (end[matched] && ((byte = reader_byte()) >= 0 || byte == READER_RESIZED)) {
        if (byte == end[matched]) {
            matched++;
        } else {
            matched = byte == end[0];
            if (byte >= 0 && !matched && !(last == '\r' && byte == '\n'))
                append_pasted(out, (char)byte);
        }
        last = byte;
    }
    while (out->n > 0 && out->at[out->n - 1] == '\n')
        text_delete(out, out->n - 1, 1);
}

bool reader_indents(const char *before, size_t n)
{
    while (n > 0 && (before[n - 1] == ' ' || before[n - 1] == '\t'))
        n--;
    return n == 0 || before[n - 1] == '\n';
}

/* ---- no editor: files, pipes, terminals that can do nothing */

static bool open_none(reader_completer *complete)
{
    (void)complete;
    return true;
}

/* Lines come through the file that scripts read from as well. */
static enum reading read_none(const char *prompt, struct text *line)
{
    static char *buffer;
    static size_t room;
    fputs(prompt, stdout);
    fflush(stdout);
    bool waits = watched >= 0 && isatty(STDIN_FILENO); /* which gives a line at a time */
    ssize_t n = waits && await_input(NULL) != 1 ? -1 : getline(&buffer, &room, stdin);
    if (n < 0) {
        clearerr(stdin);
        if (!interrupt_noted())
            return READING_END;
        puts("");
        return READING_INTERRUPTED;
    }
    text_append(line, buffer, (size_t)n - (buffer[n - 1] == '\n'));
    return READING_LINE;
}

static void remember_none(const char *text)
{
    (void)text;
}

const struct reader reader_none = {"none", open_none, read_none, remember_none};

/* ---- which one */

static const struct reader *const readers[] = {
#if HAVE_LIBEDIT
    &reader_libedit,
#endif
#if HAVE_BUILTIN
    &reader_builtin,
#endif
    &reader_none,
};
enum { READERS = sizeof readers / sizeof *readers };

const struct reader *reader_called(const char *name)
{
    for (int i = 0; i < READERS; i++)
        if (strcmp(readers[i]->name, name) == 0)
            return readers[i];
    return NULL;
}

static bool can_edit(void)
{
    const char *terminal = getenv("TERM");
    return terminal && *terminal && strcmp(terminal, "dumb") != 0 && isatty(STDIN_FILENO) &&
           isatty(STDOUT_FILENO);
}

/* Terminals speak UTF-8, also where nobody has said so. */
static void set_locale(void)
{
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1)
        setlocale(LC_CTYPE, "C.UTF-8");
}

const struct reader *reader_open(reader_completer *complete)
{
    if (!can_edit())
        return &reader_none;
    set_locale();
    const char *wish = getenv("ENGRAM_EDITOR");
    const struct reader *wanted = wish ? reader_called(wish) : NULL;
    for (int i = 0; i < READERS; i++)
        if ((!wanted || wanted == readers[i]) && readers[i]->open(complete))
            return readers[i];
    return &reader_none;
}
