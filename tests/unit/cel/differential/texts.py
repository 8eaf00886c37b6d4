"""Random expressions that use the functions on strings as well."""

from __future__ import annotations

from tests.unit.cel.differential.expressions import Generator


class TextGenerator(Generator):
    """The generator, whose texts, numbers and lists come often from the extension for strings."""

    def make(self, kind: str, depth: int) -> str:
        if depth > 0 and self.random.random() < 0.4:
            match kind:
                case "string":
                    return self._made_text(depth - 1)
                case "int":
                    return self._position(depth - 1)
                case "list":
                    return self._parts(depth - 1)
        return super().make(kind, depth)

    def _small(self) -> str:
        return self._pick("0", "1", "2", "3", "-1", "5", "object.spec.priority")

    def _made_text(self, depth: int) -> str:
        text, part = self.make("string", depth), self.make("string", depth)
        match self.random.randrange(7):
            case 0:
                return f"{text}.{self._pick('lowerAscii', 'upperAscii', 'trim')}()"
            case 1:
                return f"{text}.replace({part}, {self.make('string', 0)})"
            case 2:
                return f"{text}.replace({part}, {self.make('string', 0)}, {self._small()})"
            case 3:
                return f"{text}.substring({self._small()})"
            case 4:
                return f"{text}.substring({self._small()}, {self._small()})"
            case 5:
                return f"{text}.charAt({self._small()})"
            case _:
                separator = self._pick("", part)
                return f"{self.make('list', depth)}.join({separator})"

    def _position(self, depth: int) -> str:
        text, part = self.make("string", depth), self.make("string", depth)
        search = self._pick("indexOf", "lastIndexOf")
        start = self._pick("", f", {self._small()}")
        return f"{text}.{search}({part}{start})"

    def _parts(self, depth: int) -> str:
        limit = self._pick("", f", {self._small()}")
        return f"{self.make('string', depth)}.split({self.make('string', 0)}{limit})"
