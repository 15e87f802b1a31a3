"""The window that people record, replay and watch in: opened, resized, made full screen, and closed."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from types import TracebackType

import pygame

from demos.window.display import BLIND, NO_SCRIPT, SIZE, draw_in_memory, require_display
from environments.files.atomic import replace
from environments.system.errors import UserError

LEAST = (640, 480)  # pixels; on a smaller window a picture of this size is shrunk
SETTLING = 0.5  # s in which a window that becomes full screen may lose the focus for a moment
MOUSE = (pygame.MOUSEMOTION, pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP)


class AppWindow:
    """A window to draw on, of at least `LEAST` pixels as far as drawing code can tell.

    Use it as a context manager, draw on `surface`, then `show`. F11 is its own: full screen and back.

    Args:
        title: of the window.
        size: width and height in pixels.
        headless: draw into memory, on purpose, and see no devices.
        cure: what to do where there is no screen, as a sentence ends with it.

    Raises:
        UserError: there is no screen to open a window on.
    """

    def __init__(
        self,
        title: str,
        size: tuple[int, int] = SIZE,
        *,
        headless: bool = False,
        cure: str = NO_SCRIPT,
    ) -> None:
        self.headless, self._cure = headless, cure
        self._driver = os.environ.get("SDL_VIDEODRIVER")
        if headless:
            os.environ["SDL_VIDEODRIVER"] = "dummy"
        else:
            require_display(cure)
        try:
            self._open(title, size)
        except pygame.error as error:
            self.close()
            raise UserError(f"No window can be opened ({error}): {cure}.") from error
        except UserError:
            self.close()
            raise
        self._title, self._windowed, self.full_screen = title, size, False
        self._small: pygame.Surface | None = None
        self._settled, self._lost = 0.0, False  # s; whether the focus went before that

    def _window(self) -> pygame.Surface:
        """The window, opened anew if an external environment has shut down pygame with its own drawing."""
        if pygame.display.get_init() and (window := pygame.display.get_surface()) is not None:
            return window
        self._open(self._title, self._windowed)
        self.full_screen = False
        return pygame.display.get_surface()

    def _open(self, title: str, size: tuple[int, int]) -> None:
        draw_in_memory()
        pygame.display.init()
        if not self.headless and pygame.display.get_driver() in BLIND:
            raise UserError(f"No screen answers, so no window can be opened: {self._cure}.")
        pygame.font.init()
        if not self.headless:
            pygame.joystick.init()  # from now on pads announce themselves
        pygame.display.set_caption(title)
        pygame.display.set_mode(size, pygame.RESIZABLE)

    def __enter__(self) -> AppWindow:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the window; closing it twice is no mistake."""
        if pygame.joystick.get_init():
            pygame.joystick.quit()
        pygame.display.quit()
        if self.headless:
            if self._driver is None:
                os.environ.pop("SDL_VIDEODRIVER", None)
            else:
                os.environ["SDL_VIDEODRIVER"] = self._driver

    # -- drawing ----------------------------------------------------------------------------

    @property
    def surface(self) -> pygame.Surface:
        """What to draw on, anew for each picture: the window may have been resized."""
        window = self._window()
        wide, high = window.get_size()
        if wide >= LEAST[0] and high >= LEAST[1]:
            self._small = None
            return window
        wanted = max(wide, LEAST[0]), max(high, LEAST[1])
        if self._small is None or self._small.get_size() != wanted:
            self._small = pygame.Surface(wanted)
        return self._small

    def show(self) -> None:
        """Show what was drawn."""
        if self._small is not None:
            window = self._window()
            if min(window.get_size()) > 0:
                pygame.transform.smoothscale(self._small.convert(window), window.get_size(), window)
        pygame.display.flip()

    def photograph(self, path: os.PathLike[str] | str) -> None:
        """Keep what was drawn last as a picture file."""
        drawn = io.BytesIO()
        pygame.image.save(self._small or self._window(), drawn, "picture.png")
        replace(Path(path), drawn.getvalue())

    # -- events -----------------------------------------------------------------------------

    def events(self) -> list[pygame.event.Event]:
        """What happened since the last call; the pointer is told in pixels of `surface`."""
        self._window()
        told = [event for event in map(self.filter_event, pygame.event.get()) if event is not None]
        if self._lost and time.monotonic() >= self._settled:
            self._lost = False
            told.append(pygame.event.Event(pygame.WINDOWFOCUSLOST))
        return told

    def filter_event(self, event: pygame.event.Event) -> pygame.event.Event | None:
        """The event as a session gets it, None if it is the window's own: full screen is."""
        if event.type == pygame.KEYDOWN and event.key == pygame.K_F11:
            self.toggle_full_screen()
            return None
        if event.type == pygame.WINDOWFOCUSGAINED:
            self._lost = False
        elif event.type == pygame.WINDOWFOCUSLOST and time.monotonic() < self._settled:
            self._lost = True  # it comes back by itself, or is told later
            return None
        if self._small is not None and event.type in MOUSE:
            window = self._window().get_size()
            factors = [a / max(b, 1) for a, b in zip(self._small.get_size(), window, strict=True)]
            place = tuple(round(x * f) for x, f in zip(event.pos, factors, strict=True))
            return pygame.event.Event(event.type, {**event.dict, "pos": place})
        return event

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back to a window of the size it had."""
        if not self.full_screen:
            self._windowed = self._window().get_size()
        self.full_screen = not self.full_screen
        if not self.headless:
            self._settled = time.monotonic() + SETTLING
        if self.full_screen:
            sizes = pygame.display.get_desktop_sizes()
            pygame.display.set_mode(sizes[0], pygame.FULLSCREEN)
        else:
            window = pygame.display.set_mode(self._windowed, pygame.RESIZABLE)
            if window.get_size() != self._windowed:  # some drivers need to be told twice
                pygame.display.set_mode(self._windowed, pygame.RESIZABLE)
