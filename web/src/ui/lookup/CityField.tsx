/** A city by name, in any script and with typing errors: the form keeps its id. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { api, type Schemas, unwrap } from "~/api/client";
import { problemText } from "~/api/problem";
import { Lookup } from "~/ui/lookup/Lookup";
import { words } from "~/words";

export function cityName(city: Schemas["CityRef"]): string {
  return [city.name, city.region, words.country(city.country)].filter(Boolean).join(", ");
}

export function CityField({
  label,
  hint,
  error,
  value,
  onChange,
  isRequired,
}: {
  label: string;
  hint?: string;
  error?: string | null;
  value: Schemas["CityRef"] | null;
  onChange: (city: Schemas["CityRef"] | null) => void;
  isRequired?: boolean;
}) {
  const [text, setText] = useState(value ? cityName(value) : "");
  const chosen = value !== null && text === cityName(value);
  const q = useDeferredValue(chosen ? "" : text.trim());
  const found = useQuery({
    queryKey: ["places", q],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/places", { params: { query: { q, limit: 8 } }, signal })),
    enabled: q.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 5 * 60_000,
  });
  const places = q && !found.error ? (found.data?.items ?? []) : [];
  return (
    <Lookup
      label={label}
      showLabel
      hint={hint}
      error={error}
      isRequired={isRequired}
      text={text}
      onText={(next) => {
        setText(next);
        if (value && next !== cityName(value)) onChange(null);
      }}
      onChoose={(id) => {
        const place = places.find((candidate) => String(candidate.id) === id);
        if (!place) return;
        setText(cityName(place));
        onChange(place);
      }}
      note={
        q === ""
          ? undefined
          : found.error
            ? problemText(found.error).title
            : found.isFetching || !found.data
              ? words.search.looking
              : words.search.nothing(q)
      }
      groups={[
        {
          items: places.map((place) => ({
            id: String(place.id),
            label: place.name,
            detail: [place.region, words.country(place.country)].filter(Boolean).join(", "),
            icon: "city" as const,
          })),
        },
      ]}
    />
  );
}
