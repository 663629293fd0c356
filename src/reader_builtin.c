/* reader_builtin.c - an editor of our own: keys as in emacs, UTF-8, lines of several lines.
 * SPDX-License-Identifier: MIT */
#include "config.h"
#include "reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

enum { HISTORY = 1000 };

static const char continuation[] = ">> "; /* before the further lines of one that has several */

static struct text line, killed;
static size_t cursor; /* the byte it stands before */
static const char *prompt;
static reader_completer *completer;

static bool finished;
static enum reading result;

/* ---- characters: where they begin, how wide they are */

/* 0 for one that is drawn over the one before it; keys of control are shown as ^X, in two. */
static int width_of(int c)
{
    if (c < ' ' || c == 127)
        return 2;
    int width = wcwidth((wchar_t)c);
    return width >= 0 ? width : 1;
}

static size_t decode_at(size_t where, int *c)
{
    return reader_decode(line.at + where, line.n - where, c);
}

/* What belongs together: a character and those that are drawn over it. */
static size_t after(size_t where)
{
    int c;
    if (where < line.n)
        where += decode_at(where, &c);
    while (where < line.n) {
        size_t bytes = decode_at(where, &c);
        if (width_of(c) > 0)
            break;
        where += bytes;
    }
    return where;
}

static size_t before(size_t where)
{
    size_t at = where, next = 0;
    while (next < where) {
        at = next;
        next = after(at);
    }
    return at;
}

static bool in_word(size_t where)
{
    unsigned char c = (unsigned char)line.at[where];
    return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static size_t word_begin(size_t where)
{
    while (where > 0 && !in_word(before(where)))
        where = before(where);
    while (where > 0 && in_word(before(where)))
        where = before(where);
    return where;
}

static size_t word_end(size_t where)
{
    while (where < line.n && !in_word(where))
        where = after(where);
    while (where < line.n && in_word(where))
        where = after(where);
    return where;
}

static size_t line_begin(size_t where)
{
    while (where > 0 && line.at[where - 1] != '\n')
        where--;
    return where;
}

static size_t line_end(size_t where)
{
    while (where < line.n && line.at[where] != '\n')
        where++;
    return where;
}

/* ---- the picture: prompt and line, as rows of the terminal */

static struct picture {
    struct text bytes;
    struct text begins; /* where each row begins in the bytes, size_t each */
    int columns, rows;  /* of the terminal */
    int column;         /* of what comes next */
    size_t cursor_row;
    int cursor_column;
} picture;

static size_t drawn_row; /* of the cursor, from the first row that is on the terminal */

static size_t row_count(void)
{
    return picture.begins.n / sizeof(size_t);
}

static size_t row_begin(size_t row)
{
    size_t begin = picture.bytes.n;
    if (row < row_count())
        memcpy(&begin, picture.begins.at + row * sizeof begin, sizeof begin);
    return begin;
}

static void begin_row(void)
{
    text_append(&picture.begins, (const char *)&picture.bytes.n, sizeof picture.bytes.n);
    picture.column = 0;
}

/* A terminal goes on in the next row by itself where a character has no room. */
static void place(const char *bytes, size_t n, int width)
{
    if (picture.column + width > picture.columns)
        begin_row();
    text_append(&picture.bytes, bytes, n);
    picture.column += width;
}

static void place_character(const char *bytes, size_t n, int c)
{
    const char caret[] = {'^', (char)(c ^ 64)};
    if (c == '\n') {
        text_append(&picture.bytes, "\r\n", 2);
        begin_row();
        for (const char *at = continuation; *at; at++)
            place(at, 1, 1);
    } else if (c == '\t') {
        do
            place(" ", 1, 1);
        while (picture.column % 8 != 0 && picture.column < picture.columns);
    } else if (c < ' ' || c == 127) {
        place(caret, 1, 1);
        place(caret + 1, 1, 1);
    } else if (wcwidth((wchar_t)c) < 0) { /* what would move the cursor, or is nothing */
        place("?", 1, 1);
    } else {
        place(bytes, n, width_of(c));
    }
}

static void place_text(const char *text, size_t n)
{
    int c;
    for (size_t i = 0, bytes; i < n; i += bytes) {
        bytes = reader_decode(text + i, n - i, &c);
        bool valid = c != 0xfffd || bytes > 1;
        place_character(valid ? text + i : "?", valid ? bytes : 1, valid ? c : '?');
    }
}

/* The cursor stands where the next character will. */
static void place_cursor(void)
{
    int c = ' ';
    if (cursor < line.n)
        decode_at(cursor, &c);
    bool wraps = c != '\n' && picture.column + (wcwidth((wchar_t)c) > 1 ? 2 : 1) > picture.columns;
    picture.cursor_row = row_count() - !wraps;
    picture.cursor_column = wraps                              ? 0
                            : picture.column < picture.columns ? picture.column
                                                               : picture.columns - 1;
}

static void compose(void)
{
    reader_size(&picture.columns, &picture.rows);
    text_clear(&picture.bytes);
    text_clear(&picture.begins);
    begin_row();
    place_text(prompt, strlen(prompt));
    place_text(line.at, cursor);
    place_cursor();
    place_text(line.at + cursor, line.n - cursor);
    if (picture.column == picture.columns) { /* the terminal waits for what comes */
        text_append(&picture.bytes, "\r\n", 2);
        begin_row();
    }
}

static void append_move(struct text *out, size_t rows, char direction)
{
    char move[32];
    int n = snprintf(move, sizeof move, "\033[%zu%c", rows, direction);
    if (rows > 0)
        text_append(out, move, (size_t)n);
}

/* Over what was drawn before; as many rows as there is room for, those around the cursor. */
static void draw(void)
{
    static struct text out;
    compose();
    size_t count = row_count(), room = (size_t)picture.rows;
    size_t first = picture.cursor_row < room ? 0 : picture.cursor_row - room + 1;
    size_t last = count - first > room ? first + room : count; /* not drawn itself */
    size_t end = row_begin(last), begin = row_begin(first);
    if (last < count && picture.bytes.at[end - 1] == '\n')
        end -= 2;
    text_clear(&out);
    append_move(&out, drawn_row, 'A');
    text_append(&out, "\r\033[J", 4);
    text_append(&out, picture.bytes.at + begin, end - begin);
    append_move(&out, last - 1 - picture.cursor_row, 'A');
    text_append(&out, "\r", 1);
    append_move(&out, (size_t)picture.cursor_column, 'C');
    reader_write(out.at, out.n);
    drawn_row = picture.cursor_row - first;
}

/* Leaves the line as it is, for what is to stand below it. */
static void leave_line(const char *mark)
{
    cursor = line.n;
    draw();
    reader_write(mark, strlen(mark));
    reader_write("\n", 1);
    drawn_row = 0;
}

/* ---- the terminal: it hands over each key, and draws nothing by itself */

static struct termios settings_before;

static void take_terminal(void)
{
    reader_hold_signals();
    tcgetattr(STDIN_FILENO, &settings_before);
    struct termios raw = settings_before;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | INLCR | IGNCR | ISTRIP | IXON);
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    reader_write(READER_PASTE_ON, strlen(READER_PASTE_ON));
}

static void give_terminal(void)
{
    reader_write(READER_PASTE_OFF, strlen(READER_PASTE_OFF));
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings_before);
    reader_release_signals();
}

/* ---- changes */

static void insert(const char *bytes, size_t n)
{
    text_insert(&line, cursor, bytes, n);
    cursor += n;
}

static void insert_character(int c)
{
    char bytes[4];
    insert(bytes, reader_encode(c, bytes));
}

static void erase(size_t from, size_t to)
{
    text_delete(&line, from, to - from);
    cursor = from;
}

static void kill_text(size_t from, size_t to)
{
    if (from == to)
        return;
    text_clear(&killed);
    text_append(&killed, line.at + from, to - from);
    erase(from, to);
}

static void set_line(const char *text)
{
    text_clear(&line);
    text_append(&line, text, strlen(text));
    cursor = line.n;
}

/* ---- history: the oldest first; behind the newest stands the line that is being written */

static char *history[HISTORY];
static int history_count, history_at;
static struct text draft;
static bool browsing; /* what is shown is an entry as it is */

static void go_to_entry(int entry)
{
    if (entry < 0 || entry > history_count)
        return;
    if (history_at == history_count) {
        text_clear(&draft);
        text_append(&draft, line.at, line.n);
    }
    history_at = entry;
    set_line(entry < history_count ? history[entry] : draft.at);
    browsing = true;
}

static void forget(int entry)
{
    free(history[entry]);
    history_count--;
    memmove(history + entry, history + entry + 1,
            (size_t)(history_count - entry) * sizeof *history);
}

/* The same one earlier is forgotten. */
static void remember(const char *text)
{
    for (int i = 0; i < history_count; i++)
        if (strcmp(history[i], text) == 0) {
            forget(i);
            break;
        }
    if (history_count == HISTORY)
        forget(0);
    char *copy = strdup(text);
    if (copy)
        history[history_count++] = copy;
}

/* ---- keys: characters as they are, the others beyond them */

enum {
    KEY_UP = 0x110000,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_WORD_LEFT,
    KEY_WORD_RIGHT,
    KEY_PASTE,
    KEY_UNKNOWN,
    KEY_ALT, /* plus a character */
};
#define CONTROL(letter) ((letter)&31)

static int key_of_number(int number)
{
    switch (number) {
    case 1:
    case 7:
        return KEY_HOME;
    case 3:
        return KEY_DELETE;
    case 4:
    case 8:
        return KEY_END;
    case 200:
        return KEY_PASTE;
    default:
        return KEY_UNKNOWN;
    }
}

/* With Ctrl or Alt the arrows to the sides go by words. */
static int key_of_letter(int letter, bool modified)
{
    switch (letter) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return modified ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D':
        return modified ? KEY_WORD_LEFT : KEY_LEFT;
    case 'F':
        return KEY_END;
    case 'H':
        return KEY_HOME;
    default:
        return KEY_UNKNOWN;
    }
}

/* Behind an escape and a bracket: numbers with semicolons between them, then what it is. */
static int read_sequence(void)
{
    int first = 0, c, parameters = 0;
    while ((c = reader_byte()) >= '0' && c <= ';') {
        if (c == ';')
            parameters++;
        else if (parameters == 0 && c <= '9' && first < 1000)
            first = 10 * first + c - '0';
    }
    return c < 0 ? c : c == '~' ? key_of_number(first) : key_of_letter(c, parameters > 0);
}

static int read_key(void)
{
    int c = reader_character();
    if (c != '\033')
        return c;
    c = reader_character();
    if (c == '[')
        return read_sequence();
    if (c == 'O')
        return key_of_letter(reader_byte(), false);
    return c < 0 ? c : KEY_ALT + c;
}

/* ---- what keys do */

static void finish(enum reading how)
{
    finished = true;
    result = how;
}

static void enter(void)
{
    leave_line("");
    finish(READING_LINE);
}

static void interrupt(void)
{
    leave_line("^C");
    finish(READING_INTERRUPTED);
}

static void go_left(void)
{
    cursor = before(cursor);
}

static void go_right(void)
{
    cursor = after(cursor);
}

static void go_to_begin(void)
{
    cursor = line_begin(cursor);
}

static void go_to_end(void)
{
    cursor = line_end(cursor);
}

static void go_word_left(void)
{
    cursor = word_begin(cursor);
}

static void go_word_right(void)
{
    cursor = word_end(cursor);
}

static void go_to_older(void)
{
    go_to_entry(history_at - 1);
}

static void go_to_newer(void)
{
    go_to_entry(history_at + 1);
}

/* As far from the beginning of a line as the cursor is from that of its own. */
static void go_to_line(size_t begin)
{
    size_t steps = 0, end = line_end(begin);
    for (size_t i = line_begin(cursor); i < cursor; i = after(i))
        steps++;
    for (cursor = begin; steps > 0 && cursor < end; steps--)
        cursor = after(cursor);
}

static void go_up(void)
{
    size_t begin = line_begin(cursor);
    if (begin == 0 || browsing)
        go_to_older();
    else
        go_to_line(line_begin(begin - 1));
}

static void go_down(void)
{
    size_t end = line_end(cursor);
    if (end == line.n || browsing)
        go_to_newer();
    else
        go_to_line(end + 1);
}

static void erase_left(void)
{
    erase(before(cursor), cursor);
}

static void erase_right(void)
{
    erase(cursor, after(cursor));
}

static void erase_or_end(void)
{
    if (line.n > 0) {
        erase_right();
        return;
    }
    finish(READING_END);
}

static void kill_to_begin(void)
{
    kill_text(line_begin(cursor), cursor);
}

/* At the end of a line, what divides it from the next one. */
static void kill_to_end(void)
{
    size_t end = line_end(cursor);
    kill_text(cursor, end > cursor ? end : after(cursor));
}

static bool blank_before(size_t where)
{
    return strchr(" \t\n", line.at[where - 1]) != NULL;
}

/* Back to a blank. */
static void kill_left(void)
{
    size_t from = cursor;
    while (from > 0 && blank_before(from))
        from--;
    while (from > 0 && !blank_before(from))
        from--;
    kill_text(from, cursor);
}

static void kill_word_left(void)
{
    kill_text(word_begin(cursor), cursor);
}

static void kill_word_right(void)
{
    kill_text(cursor, word_end(cursor));
}

static void yank(void)
{
    if (killed.n > 0)
        insert(killed.at, killed.n);
}

/* The two characters around the cursor; at the end the last two. */
static void transpose(void)
{
    size_t middle = cursor < line.n ? cursor : before(cursor);
    size_t begin = before(middle), end = after(middle);
    if (middle == 0)
        return;
    static struct text first;
    text_clear(&first);
    text_append(&first, line.at + begin, middle - begin);
    erase(begin, middle);
    cursor = end - first.n;
    insert(first.at, first.n);
}

static void clear_screen(void)
{
    reader_write("\033[H\033[2J", 7);
    drawn_row = 0;
}

static void paste(void)
{
    static struct text pasted;
    reader_paste(&pasted);
    insert(pasted.at, pasted.n);
}

static void complete(void)
{
    static struct completion completion;
    if (reader_indents(line.at, cursor)) {
        insert("\t", 1);
        return;
    }
    int columns, rows;
    reader_size(&columns, &rows);
    if (!completer(line.at, cursor, columns, rows, &completion))
        return;
    if (completion.listing.n > 0) {
        size_t here = cursor;
        leave_line("");
        reader_write(completion.listing.at, completion.listing.n);
        reader_write("\n", 1);
        cursor = here;
    }
    erase(completion.first, cursor);
    insert(completion.text.at, completion.text.n);
}

static void suspend(void)
{
    give_terminal();
    reader_stop();
    take_terminal();
    drawn_row = 0;
}

/* The terminal has broken the line anew. */
static void resize(void)
{
    compose();
    drawn_row = picture.cursor_row;
}

static void search(void);

static const struct binding {
    int key;
    void (*act)(void);
} bindings[] = {
    {'\r', enter},
    {'\n', enter},
    {'\t', complete},
    {127, erase_left},
    {CONTROL('A'), go_to_begin},
    {CONTROL('B'), go_left},
    {CONTROL('C'), interrupt},
    {CONTROL('D'), erase_or_end},
    {CONTROL('E'), go_to_end},
    {CONTROL('F'), go_right},
    {CONTROL('H'), erase_left},
    {CONTROL('K'), kill_to_end},
    {CONTROL('L'), clear_screen},
    {CONTROL('N'), go_to_newer},
    {CONTROL('P'), go_to_older},
    {CONTROL('R'), search},
    {CONTROL('T'), transpose},
    {CONTROL('U'), kill_to_begin},
    {CONTROL('W'), kill_left},
    {CONTROL('Y'), yank},
    {KEY_ALT + 'b', go_word_left},
    {KEY_ALT + 'd', kill_word_right},
    {KEY_ALT + 'f', go_word_right},
    {KEY_ALT + 127, kill_word_left},
    {KEY_UP, go_up},
    {KEY_DOWN, go_down},
    {KEY_LEFT, go_left},
    {KEY_RIGHT, go_right},
    {KEY_HOME, go_to_begin},
    {KEY_END, go_to_end},
    {KEY_DELETE, erase_right},
    {KEY_WORD_LEFT, go_word_left},
    {KEY_WORD_RIGHT, go_word_right},
    {KEY_PASTE, paste},
    {READER_INTERRUPT, interrupt},
    {READER_RESIZED, resize},
    {READER_STOPPED, suspend},
};

static bool is_history_key(int key)
{
    return key == KEY_UP || key == KEY_DOWN || key == CONTROL('P') || key == CONTROL('N');
}

static void act_on(int key)
{
    browsing = browsing && is_history_key(key);
    for (size_t i = 0; i < sizeof bindings / sizeof *bindings; i++)
        if (bindings[i].key == key) {
            bindings[i].act();
            return;
        }
    if (key == READER_END)
        finish(READING_END);
    else if (key >= ' ' && key < KEY_UP)
        insert_character(key);
}

/* ---- searching: the newest entry, before one, that holds what is typed */

static int find_entry(const char *part, int entry)
{
    while (--entry >= 0 && !strstr(history[entry], part))
        ;
    return entry;
}

static void show_found(const char *part, int entry)
{
    static struct text question;
    text_clear(&question);
    text_append(&question, "search: ", 8);
    text_append(&question, part, strlen(part));
    text_append(&question, " -> ", 4);
    prompt = question.at;
    set_line(entry < history_count ? history[entry] : "");
    draw();
}

/* The last character of the part goes. */
static void shorten(struct text *part)
{
    while (part->n > 0 && (part->at[part->n - 1] & 0xc0) == 0x80)
        text_delete(part, part->n - 1, 1);
    if (part->n > 0)
        text_delete(part, part->n - 1, 1);
}

/* Ends with the key that is not of the search, and does what that does elsewhere; Ctrl-G brings the
 * line back. */
static void search(void)
{
    static struct text part, kept;
    const char *asked = prompt;
    int entry = history_count, key;
    text_clear(&part);
    text_clear(&kept);
    text_append(&kept, line.at, line.n);
    for (;;) {
        show_found(part.at, entry);
        key = read_key();
        int found = entry;
        if (key == CONTROL('R')) {
            found = find_entry(part.at, entry);
        } else if (key == 127 || key == CONTROL('H')) {
            shorten(&part);
            found = part.n > 0 ? find_entry(part.at, history_count) : history_count;
        } else if (key >= ' ' && key < KEY_UP) {
            char bytes[4];
            text_append(&part, bytes, reader_encode(key, bytes));
            found = find_entry(part.at, entry < history_count ? entry + 1 : entry);
        } else {
            break;
        }
        entry = found >= 0 ? found : entry;
    }
    prompt = asked;
    set_line(kept.at);
    if (key == CONTROL('G'))
        return;
    if (entry < history_count)
        go_to_entry(entry);
    act_on(key);
}

/* ---- lines */

static bool open_builtin(reader_completer *complete_with)
{
    completer = complete_with;
    return true;
}

static enum reading read_builtin(const char *asked, struct text *out)
{
    fflush(stdout);
    prompt = asked;
    set_line("");
    history_at = history_count;
    drawn_row = 0;
    finished = browsing = false;
    take_terminal();
    while (!finished) {
        if (!reader_waiting()) /* a key after the last one that is there */
            draw();
        act_on(read_key());
    }
    give_terminal();
    text_append(out, line.at, line.n);
    return result;
}

const struct reader reader_builtin = {"builtin", open_builtin, read_builtin, remember};
